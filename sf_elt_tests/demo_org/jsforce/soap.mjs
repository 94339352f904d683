// The SOAP API: https://jsforce.github.io/document/#soap
export default {
  async convertLead(conn) {
    const lead = await conn.sobject('Lead').create({ LastName: 'Convert', Company: 'Converted Ltd' });
    const status = await conn.sobject('LeadStatus').findOne({ IsConverted: true });
    const result = await conn.soap.convertLead({
      leadId: lead.id,
      convertedStatus: status.MasterLabel,
      doNotCreateOpportunity: true,
    });
    const read = await conn.sobject('Lead').retrieve(lead.id);
    return { success: result.success, account: result.accountId.slice(0, 3), converted: read.IsConverted };
  },

  async merge(conn) {
    const [winner, loser] = await conn.sobject('Account').create([{ Name: 'Winner' }, { Name: 'Loser' }]);
    const result = await conn.soap.merge({
      masterRecord: { type: 'Account', Id: winner.id },
      recordToMergeIds: [loser.id],
    });
    return { success: result.success, id: result.id === winner.id, merged: [result.mergedRecordIds].flat().includes(loser.id) };
  },

  async getServerTimestamp(conn) {
    const { timestamp } = await conn.soap.getServerTimestamp();
    return Math.abs(new Date(timestamp) - Date.now()) < 60_000;
  },

  async getUserInfo(conn, org) {
    return (await conn.soap.getUserInfo()).userName === org.username;
  },

  async create(conn) {
    const result = await conn.soap.create({ type: 'Account', Name: 'By SOAP' });
    return [result].flat().map((each) => each.success);
  },

  async emptyRecycleBin(conn) {
    const { id } = await conn.sobject('Account').create({ Name: 'Emptied' });
    await conn.sobject('Account').destroy(id);
    const result = await conn.soap.emptyRecycleBin([id]);
    return [result].flat().map((each) => each.success);
  },
};
