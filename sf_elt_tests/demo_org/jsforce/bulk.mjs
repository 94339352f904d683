// Bulk API (v1): https://jsforce.github.io/document/#bulk-api
export default {
  async load(conn) {
    conn.bulk.pollInterval = 20;
    conn.bulk.pollTimeout = 20_000;
    const results = await conn.bulk.load('Contact', 'insert', [
      { LastName: 'V1 1', FirstName: 'A' },
      { LastName: 'V1 2', FirstName: 'B' },
      { LastName: '', FirstName: 'Nameless' },
    ]);
    return { success: results.map((each) => each.success), id: results[0].id.slice(0, 3), errors: results[2].errors };
  },

  async 'steps of a job'(conn) {
    const job = conn.bulk.createJob('Contact', 'upsert', { extIdField: 'External_Id__c', concurrencyMode: 'Serial' });
    const batch = job.createBatch();
    batch.execute([{ LastName: 'V1 upserted', External_Id__c: 'js-v1' }]);
    const queued = await new Promise((resolve, reject) => {
      batch.on('queue', resolve);
      batch.on('error', reject);
    });
    batch.poll(20, 20_000);
    const results = await new Promise((resolve, reject) => {
      batch.on('response', resolve);
      batch.on('error', reject);
    });
    const { state } = await job.check();
    await job.close();
    return { queued: queued.id.slice(0, 3), success: results.map((each) => each.success), state, closed: (await job.check()).state };
  },

  async query(conn) {
    conn.bulk.pollInterval = 20;
    conn.bulk.pollTimeout = 20_000;
    const stream = await conn.bulk.query('SELECT Id, LastName FROM Contact');
    const records = await stream.toArray();
    return records.length === (await conn.sobject('Contact').count());
  },

  async 'update and destroy by a query'(conn) {
    const bulk = { allowBulk: true, bulkThreshold: 0 };
    const updated = await conn.sobject('Contact').find({ LastName: { $like: 'V1%' } }).update({ Title: 'Changed' }, bulk);
    const deleted = await conn.sobject('Contact').find({ Title: 'Changed' }).destroy(bulk);
    return [updated, deleted].map((results) => results.map((each) => each.success));
  },
};
