// Bulk API 2.0: https://jsforce.github.io/document/#bulk-api
export default {
  async 'load and wait'(conn) {
    conn.bulk2.pollInterval = 20;
    const records = [{ LastName: 'Bulk 1', Email: 'b1@example.com' }, { LastName: 'Bulk "2"\n, quoted' }, { FirstName: 'Nameless', LastName: '' }];
    const results = await conn.bulk2.loadAndWaitForResults({ object: 'Contact', operation: 'insert', input: records, pollInterval: 20, pollTimeout: 20_000 });
    return {
      successful: results.successfulResults.length,
      failed: results.failedResults.map((each) => each.sf__Error),
      unprocessed: results.unprocessedRecords.length,
      id: results.successfulResults[0].sf__Id.slice(0, 3),
    };
  },

  async 'steps of an ingest job'(conn) {
    const job = conn.bulk2.createJob({ object: 'Contact', operation: 'insert' });
    const states = [];
    job.on('open', () => states.push('open'));
    job.on('uploadcomplete', () => states.push('uploadcomplete'));
    job.on('jobcomplete', () => states.push('jobcomplete'));
    await job.open();
    await job.uploadData([{ LastName: 'Stepwise' }]);
    await job.close();
    await job.poll(20, 20_000);
    const { state, numberRecordsProcessed, numberRecordsFailed } = await job.check();
    const { successfulResults } = await job.getAllResults();
    await job.delete();
    return { states, state, numberRecordsProcessed, numberRecordsFailed, names: successfulResults.map((each) => each.LastName) };
  },

  async 'abort of an ingest job'(conn) {
    const job = conn.bulk2.createJob({ object: 'Contact', operation: 'insert' });
    await job.open();
    await job.abort();
    return (await job.check()).state;
  },

  async upsert(conn) {
    const input = 'External_Id__c,LastName\njs-bulk,First\n';
    const load = () => conn.bulk2.loadAndWaitForResults({ object: 'Contact', operation: 'upsert', externalIdFieldName: 'External_Id__c', input, pollInterval: 20, pollTimeout: 20_000 });
    const [first, again] = [await load(), await load()];
    return [first, again].map((each) => each.successfulResults[0].sf__Created);
  },

  async query(conn) {
    const stream = await conn.bulk2.query('SELECT Id, LastName FROM Contact', { pollInterval: 20, pollTimeout: 20_000 });
    const records = await stream.toArray();
    return records.length === (await conn.sobject('Contact').count());
  },

  async 'query with scanAll'(conn) {
    const stream = await conn.bulk2.query('SELECT Id FROM Lead', { pollInterval: 20, pollTimeout: 20_000, scanAll: true });
    const records = await stream.toArray();
    return records.length > (await conn.sobject('Lead').count());
  },

  async 'query that cannot run'(conn) {
    await conn.bulk2.query('SELECT COUNT(Id) FROM Contact', { pollInterval: 20, pollTimeout: 20_000 });
  },

  async 'destroy by a query'(conn) {
    const deleted = await conn.sobject('Contact').find({ LastName: 'Stepwise' }).destroy({ allowBulk: true, bulkThreshold: 0, bulkApiVersion: 2 });
    return deleted.length;
  },
};
