// node run.mjs PROGRAM: runs each check of PROGRAM.mjs in turn against the org that DEMO_ORG describes (JSON), and
// prints {"check": {"value": …} | {"error": {code, message}}} for test_jsforce.py to compare.
import jsforce from 'jsforce';

const SECONDS = 30;
const org = JSON.parse(process.env.DEMO_ORG);
const { default: checks } = await import(`./${process.argv[2]}.mjs`);
const conn = new jsforce.Connection({
  instanceUrl: org.instance_url,
  accessToken: org.access_token,
  version: '62.0',
});
let fail; // of the check that runs: what jsforce throws where nobody can catch it
process.on('uncaughtException', (error) => fail(error));

function outcome(check) {
  return new Promise((resolve, reject) => {
    fail = reject;
    setTimeout(() => reject(new Error(`no answer within ${SECONDS} s`)), SECONDS * 1000).unref();
    Promise.resolve(check(conn, org)).then(resolve, reject);
  });
}

const results = {};
for (const [name, check] of Object.entries(checks)) {
  try {
    results[name] = { value: (await outcome(check)) ?? null };
  } catch (error) {
    results[name] = { error: { code: error.errorCode ?? error.code ?? error.name, message: error.message } };
  }
}
console.log(JSON.stringify(results));
process.exit(0); // connections that are kept alive would keep the process waiting
