// Reading: https://jsforce.github.io/document/#query
import jsforce from 'jsforce';

export default {
  async query(conn) {
    const found = await conn.query("SELECT Id, Name, Account.Name FROM Contact WHERE AccountId != null LIMIT 3");
    const [contact] = found.records;
    return { totalSize: found.totalSize, done: found.done, type: contact.attributes.type, parent: contact.Account.attributes.type };
  },

  async queryMore(conn) {
    const first = await conn.query('SELECT Id FROM Lead ORDER BY Id', { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
    let page = first;
    let seen = page.records.length;
    while (!page.done) {
      page = await conn.queryMore(page.nextRecordsUrl);
      seen += page.records.length;
    }
    return { all: seen === first.totalSize, paged: !first.done };
  },

  async autoFetch(conn) {
    const { records } = await conn.query('SELECT Id FROM Lead').run({ autoFetch: true, maxFetch: 100_000 });
    const { totalSize } = await conn.query('SELECT COUNT() FROM Lead');
    return records.length === totalSize;
  },

  async events(conn) {
    let records = 0;
    const query = conn.query('SELECT Id FROM Account').on('record', () => { records += 1; });
    await query.run({ autoFetch: true, maxFetch: 100_000 });
    return records === (await conn.sobject('Account').count());
  },

  async find(conn) {
    return conn
      .sobject('Contact')
      .find({ CreatedDate: { $lte: jsforce.SfDate.toDateTimeLiteral('2030-01-01T00:00:00Z') }, LastName: { $like: '%a%' } }, ['Id', 'LastName', 'CreatedDate'])
      .sort({ CreatedDate: -1, LastName: 1 })
      .limit(5)
      .skip(1)
      .execute()
      .then((records) => records.length);
  },

  async 'find with star'(conn) {
    const [lead] = await conn.sobject('Lead').find({ IsConverted: false }, '*').limit(1);
    return { type: lead.attributes.type, hasMore: Object.keys(lead).length > 20 };
  },

  async count(conn) {
    const counted = await conn.sobject('Lead').count({ IsConverted: false });
    const { totalSize } = await conn.query('SELECT COUNT() FROM Lead WHERE IsConverted = false');
    return counted === totalSize;
  },

  async select(conn) {
    const records = await conn
      .sobject('Account')
      .select('Id, Name')
      .include('Contacts')
      .select('Id, LastName')
      .limit(2)
      .end()
      .limit(5)
      .execute();
    return records.length;
  },

  async aggregates(conn) {
    const { records } = await conn.query('SELECT Status, COUNT(Id) n FROM Lead GROUP BY Status ORDER BY COUNT(Id) DESC');
    return { type: records[0].attributes.type, ordered: records[0].n >= records.at(-1).n };
  },

  async 'malformed query'(conn) {
    await conn.query('SELECT Id FROM');
  },

  async 'unknown field'(conn) {
    await conn.query('SELECT Nonsense FROM Lead');
  },

  async 'queryAll'(conn) {
    const all = await conn.query('SELECT COUNT() FROM Lead', { scanAll: true });
    const live = await conn.query('SELECT COUNT() FROM Lead');
    return all.totalSize > live.totalSize;
  },
  async search(conn) {
    const lead = await conn.sobject('Lead').findOne({ IsConverted: false, LastName: { $like: '____%' } }, ['Id', 'LastName']);
    const { searchRecords } = await conn.search(`FIND {${lead.LastName}} IN ALL FIELDS RETURNING Lead(Id, LastName)`);
    return { found: searchRecords.some((each) => each.Id === lead.Id), type: searchRecords[0].attributes.type };
  },
};
