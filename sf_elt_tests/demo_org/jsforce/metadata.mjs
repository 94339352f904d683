// The Metadata and Tooling APIs: https://jsforce.github.io/document/#metadata-api
const OBJECT = {
  fullName: 'Js_Thing__c',
  label: 'Thing',
  pluralLabel: 'Things',
  nameField: { type: 'AutoNumber', label: 'Thing #' },
  deploymentStatus: 'Deployed',
  sharingModel: 'ReadWrite',
};

export default {
  async 'create an object'(conn) {
    const result = await conn.metadata.create('CustomObject', OBJECT);
    return { success: result.success, fullName: result.fullName };
  },

  async 'create a field'(conn) {
    const result = await conn.metadata.create('CustomField', { fullName: 'Lead.Js_Score__c', label: 'Score', type: 'Number', precision: 5, scale: 1 });
    return { success: result.success, errors: result.errors ?? [] };
  },

  async 'create what is there already'(conn) {
    const result = await conn.metadata.create('CustomObject', OBJECT);
    return { success: result.success, code: [result.errors].flat()[0].statusCode };
  },

  async 'read an object'(conn) {
    const { fullName, label, sharingModel } = await conn.metadata.read('CustomObject', 'Js_Thing__c');
    return { fullName, label, sharingModel };
  },

  async 'update an object'(conn) {
    const result = await conn.metadata.update('CustomObject', { ...OBJECT, label: 'Renamed' });
    return { success: result.success, label: (await conn.metadata.read('CustomObject', 'Js_Thing__c')).label };
  },

  async list(conn) {
    const found = await conn.metadata.list([{ type: 'CustomObject' }], '62.0');
    return [found].flat().some((each) => each.fullName === 'Js_Thing__c');
  },

  async describe(conn) {
    const { metadataObjects } = await conn.metadata.describe('62.0');
    return metadataObjects.some((each) => each.xmlName === 'CustomObject');
  },

  async 'delete an object'(conn) {
    const result = await conn.metadata.delete('CustomObject', 'Js_Thing__c');
    return { success: result.success, fullName: result.fullName };
  },

  async 'tooling query'(conn) {
    const { records } = await conn.tooling.query("SELECT Id, DeveloperName FROM CustomField WHERE DeveloperName = 'Js_Score'");
    return records.map((each) => each.DeveloperName);
  },

  async 'tooling describe'(conn) {
    const { sobjects } = await conn.tooling.describeGlobal();
    return sobjects.some((each) => each.name === 'CustomField');
  },

  async 'tooling create a field'(conn) {
    const result = await conn.tooling.sobject('CustomField').create({ FullName: 'Lead.Js_Tooling__c', Metadata: { label: 'T', type: 'Text', length: 40 } });
    return result.success;
  },

  async 'anonymous apex'(conn) {
    await conn.tooling.executeAnonymous("System.debug('x');");
  },
};
