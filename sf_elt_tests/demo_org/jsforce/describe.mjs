// Describes and the rest of the service: https://jsforce.github.io/document/#describe
export default {
  async describe(conn) {
    const lead = await conn.sobject('Lead').describe();
    const status = lead.fields.find((field) => field.name === 'Status');
    return { name: lead.name, keyPrefix: lead.keyPrefix, status: status.type, values: status.picklistValues.length > 0 };
  },

  async 'describe from the cache'(conn, org) {
    const first = await conn.describe$('Account');
    const again = await conn.describe$('Account');
    conn.describe$.clear();
    return { same: first === again, name: first.name };
  },

  async 'global describe'(conn) {
    const { sobjects, maxBatchSize, encoding } = await conn.describeGlobal();
    return { hasLead: sobjects.some((each) => each.name === 'Lead' && each.keyPrefix === '00Q'), maxBatchSize, encoding };
  },

  async 'unknown object'(conn) {
    await conn.sobject('Nonsense__c').describe();
  },

  async limits(conn) {
    const { DailyApiRequests } = await conn.limits();
    return DailyApiRequests.Remaining < DailyApiRequests.Max;
  },

  async 'limit info'(conn) {
    await conn.query('SELECT Id FROM User LIMIT 1');
    const { apiUsage } = conn.limitInfo;
    return apiUsage.used > 0 && apiUsage.limit > apiUsage.used;
  },

  async identity(conn, org) {
    const identity = await conn.identity();
    return { username: identity.username === org.username, rest: identity.urls.rest.includes('/services/data') };
  },

  async versions(conn) {
    const versions = await conn.request('/services/data');
    return versions.every((each) => /^\d+\.0$/.test(each.version) && each.url === `/services/data/v${each.version}`);
  },

  async resources(conn) {
    const resources = await conn.request('/services/data/v62.0');
    return ['sobjects', 'query', 'limits', 'identity'].filter((name) => !(name in resources));
  },

  async layouts(conn) {
    return (await conn.sobject('Lead').layouts()).recordTypeMappings.length > 0;
  },

  async compactLayouts(conn) {
    return (await conn.sobject('Lead').compactLayouts()).compactLayouts.length > 0;
  },

  async listviews(conn) {
    return Array.isArray((await conn.sobject('Lead').listviews()).listviews);
  },

  async quickActions(conn) {
    return Array.isArray(await conn.sobject('Lead').quickActions());
  },

  async 'parts of pages'(conn) {
    const { themeItems } = await conn.theme();
    const { approvalLayouts } = await conn.sobject('Lead').approvalLayouts();
    return [await conn.tabs(), themeItems, await conn.quickActions(), approvalLayouts].map((each) => each.length);
  },

  async apex(conn) {
    await conn.apex.get('/Nothing/');
  },

  async chatter(conn) {
    await conn.chatter.resource('/users/me').retrieve();
  },
};
