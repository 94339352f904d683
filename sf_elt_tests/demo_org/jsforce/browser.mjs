// A browser that fills in the forms of the authorize page.

/** Opens the address, logs in, allows, and gives the address of the app that the org sends the browser to. */
export async function allow(address, org) {
  const cookies = new Map();
  let reply = await visit(address, cookies);
  while (reply.status === 200) {
    const page = await reply.text();
    const [, action] = page.match(/<form method="post" action="([^"]+)"/);
    const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((each) => each.slice(1));
    const answers = page.includes('type="password"')
      ? { username: org.username, password: org.password }
      : { decision: 'allow' };
    const body = new URLSearchParams([...hidden, ...Object.entries(answers)]);
    reply = await visit(new URL(action, org.instance_url), cookies, { method: 'POST', body });
  }
  return new URL(reply.headers.get('location'));
}

async function visit(address, cookies, options = {}) {
  const headers = { cookie: [...cookies].map((each) => each.join('=')).join('; ') };
  const reply = await fetch(address, { redirect: 'manual', headers, ...options });
  for (const cookie of reply.headers.getSetCookie()) {
    const [name, value] = cookie.split(';')[0].split('=');
    cookies.set(name, value);
  }
  return reply;
}
