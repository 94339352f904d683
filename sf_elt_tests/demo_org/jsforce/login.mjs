// Logging in: https://jsforce.github.io/document/#connection
import jsforce from 'jsforce';
import { allow } from './browser.mjs';

const ONE_USER = 'SELECT Id FROM User LIMIT 1';

export default {
  async password(_, org) {
    const conn = new jsforce.Connection({ loginUrl: org.instance_url });
    const userInfo = await conn.login(org.username, org.password + org.security_token);
    const identity = await conn.identity();
    return {
      sameUser: identity.user_id === userInfo.id,
      organization: userInfo.organizationId.slice(0, 3),
      instanceUrl: conn.instanceUrl === org.instance_url,
      username: identity.username === org.username,
    };
  },

  async 'wrong password'(_, org) {
    await new jsforce.Connection({ loginUrl: org.instance_url }).login(org.username, 'wrong');
  },

  async 'oauth2 password'(_, org) {
    const conn = new jsforce.Connection({
      oauth2: { loginUrl: org.instance_url, clientId: org.client_id, clientSecret: org.client_secret },
    });
    const userInfo = await conn.loginByOAuth2(org.username, org.password + org.security_token);
    return { user: userInfo.id.slice(0, 3), users: (await conn.query(ONE_USER)).totalSize };
  },

  async 'authorization code with PKCE, refreshed'(_, org) {
    const oauth2 = new jsforce.OAuth2({
      loginUrl: org.instance_url,
      clientId: org.client_id,
      clientSecret: org.client_secret,
      redirectUri: 'http://localhost:1717/OauthRedirect',
      useVerifier: true,
    });
    const callback = await allow(oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 's' }), org);
    const conn = new jsforce.Connection({ oauth2 });
    const userInfo = await conn.authorize(callback.searchParams.get('code'));
    const refreshed = [];
    conn.on('refresh', (token) => refreshed.push(token));
    conn.accessToken = '00D!expired';
    const { totalSize } = await conn.query(ONE_USER);
    return {
      state: callback.searchParams.get('state'),
      user: userInfo.id.slice(0, 3),
      instanceUrl: conn.instanceUrl === org.instance_url,
      refreshes: refreshed.length,
      totalSize,
    };
  },

  async 'client credentials'(_, org) {
    const conn = new jsforce.Connection({
      instanceUrl: org.instance_url,
      oauth2: { loginUrl: org.instance_url, clientId: org.client_id, clientSecret: org.client_secret },
    });
    await conn.authorize({ grant_type: 'client_credentials' });
    return (await conn.query(ONE_USER)).totalSize;
  },

  async 'expired session'(_, org) {
    const conn = new jsforce.Connection({ instanceUrl: org.instance_url, accessToken: '00D!expired' });
    await conn.query(ONE_USER);
  },

  async 'session refreshed by login'(_, org) {
    const conn = new jsforce.Connection({ loginUrl: org.instance_url });
    await conn.login(org.username, org.password + org.security_token);
    conn.accessToken = '00D!expired'; // jsforce logs in again by itself
    return (await conn.query(ONE_USER)).totalSize;
  },

  async logout(_, org) {
    const conn = new jsforce.Connection({ loginUrl: org.instance_url });
    await conn.login(org.username, org.password + org.security_token);
    const token = conn.accessToken;
    await conn.logout();
    const after = new jsforce.Connection({ instanceUrl: org.instance_url, accessToken: token });
    return after.query('SELECT Id FROM User').then(
      () => 'still alive',
      (error) => error.errorCode,
    );
  },

  async 'logout by oauth2'(_, org) {
    const conn = new jsforce.Connection({
      oauth2: { loginUrl: org.instance_url, clientId: org.client_id, clientSecret: org.client_secret },
    });
    await conn.loginByOAuth2(org.username, org.password + org.security_token);
    await conn.logoutByOAuth2();
    return conn.accessToken;
  },
};
