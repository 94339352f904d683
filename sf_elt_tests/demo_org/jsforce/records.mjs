// Records: https://jsforce.github.io/document/#crud
export default {
  async create(conn) {
    const one = await conn.sobject('Account').create({ Name: 'Acme' });
    const several = await conn.sobject('Account').create([{ Name: 'Acme 1' }, { Name: 'Acme 2' }, {}]);
    return { one: one.success && one.id.slice(0, 3), several: several.map((each) => each.success), error: several[2].errors };
  },

  async 'create with an error'(conn) {
    await conn.sobject('Lead').create({ FirstName: 'No last name' });
  },

  async retrieve(conn) {
    const made = await conn.sobject('Account').create([{ Name: 'R 1' }, { Name: 'R 2' }]);
    const one = await conn.sobject('Account').retrieve(made[0].id);
    const several = await conn.sobject('Account').retrieve(made.map((each) => each.id));
    return { one: one.Name, several: several.map((each) => each.Name), type: one.attributes.type };
  },

  async 'retrieve what is not there'(conn) {
    await conn.sobject('Account').retrieve('001000000000000AAA');
  },

  async update(conn) {
    const made = await conn.sobject('Account').create([{ Name: 'U 1' }, { Name: 'U 2' }]);
    const one = await conn.sobject('Account').update({ Id: made[0].id, Name: 'Changed' });
    const several = await conn.sobject('Account').update(made.map(({ id }, n) => ({ Id: id, Name: `Changed ${n}` })));
    const read = await conn.sobject('Account').retrieve(made.map((each) => each.id));
    return { one: one.success, several: several.map((each) => each.success), names: read.map((each) => each.Name) };
  },

  async upsert(conn) {
    const key = 'External_Id__c';
    const first = await conn.sobject('Contact').upsert({ LastName: 'First', [key]: 'js-1' }, key);
    const again = await conn.sobject('Contact').upsert({ LastName: 'Again', [key]: 'js-1' }, key);
    const several = await conn.sobject('Contact').upsert([{ LastName: 'A', [key]: 'js-1' }, { LastName: 'B', [key]: 'js-2' }], key);
    const { LastName } = await conn.sobject('Contact').retrieve(first.id);
    return {
      created: [first.created, again.created],
      several: several.map((each) => each.success),
      LastName,
    };
  },

  async destroy(conn) {
    const made = await conn.sobject('Account').create([{ Name: 'D 1' }, { Name: 'D 2' }, { Name: 'D 3' }]);
    const one = await conn.sobject('Account').destroy(made[0].id);
    const several = await conn.sobject('Account').destroy(made.slice(1).map((each) => each.id));
    return { one: one.success, several: several.map((each) => each.success) };
  },

  async 'create and destroy by a query'(conn) {
    await conn.sobject('Account').create([{ Name: 'Gone 1' }, { Name: 'Gone 2' }]);
    const results = await conn.sobject('Account').find({ Name: { $like: 'Gone%' } }).destroy({ allowBulk: false });
    return results.map((each) => each.success);
  },

  async 'update by a query'(conn) {
    await conn.sobject('Account').create([{ Name: 'Upd 1' }, { Name: 'Upd 2' }]);
    const results = await conn.sobject('Account').find({ Name: { $like: 'Upd%' } }).update({ Phone: '1' }, { allowBulk: false });
    return results.map((each) => each.success);
  },

  async 'more than a call takes'(conn) {
    const people = Array.from({ length: 450 }, (_, n) => ({ LastName: `Many ${n}` }));
    const results = await conn.sobject('Contact').create(people, { allowRecursive: true });
    return results.filter((each) => each.success).length;
  },

  async 'all or none'(conn) {
    const results = await conn.sobject('Account').create([{ Name: 'All' }, {}], { allOrNone: true });
    return results.map((each) => each.errors[0].statusCode);
  },

  async 'updated and deleted'(conn) {
    const { id } = await conn.sobject('Account').create({ Name: 'Replicated' });
    await conn.sobject('Account').destroy(id);
    const kept = await conn.sobject('Account').create({ Name: 'Replicated too' });
    const start = new Date(Date.now() - 60 * 60 * 1000);
    const end = new Date(Date.now() + 2 * 60 * 1000);
    const updated = await conn.sobject('Account').updated(start, end);
    const deleted = await conn.sobject('Account').deleted(start, end);
    return {
      updated: updated.ids.includes(kept.id),
      deleted: deleted.deletedRecords.some((each) => each.id === id),
      covered: typeof updated.latestDateCovered === 'string' && typeof deleted.latestDateCovered === 'string',
    };
  },

  async recent(conn) {
    return Array.isArray(await conn.recent());
  },
};
