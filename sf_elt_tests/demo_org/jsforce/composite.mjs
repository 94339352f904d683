// What has no method of its own goes by conn.request: https://jsforce.github.io/document/#connection
const DATA = '/services/data/v62.0';

export default {
  async composite(conn) {
    const { compositeResponse } = await conn.requestPost(`${DATA}/composite`, {
      allOrNone: true,
      compositeRequest: [
        { method: 'POST', url: `${DATA}/sobjects/Account`, referenceId: 'account', body: { Name: 'Composite' } },
        { method: 'POST', url: `${DATA}/sobjects/Contact`, referenceId: 'contact', body: { LastName: 'C', AccountId: '@{account.id}' } },
        { method: 'GET', url: `${DATA}/sobjects/Contact/@{contact.id}?fields=AccountId`, referenceId: 'read' },
      ],
    });
    const [account, , read] = compositeResponse;
    return { statuses: compositeResponse.map((each) => each.httpStatusCode), linked: read.body.AccountId === account.body.id };
  },

  async tree(conn) {
    const { hasErrors, results } = await conn.requestPost(`${DATA}/composite/tree/Account`, {
      records: [
        { attributes: { type: 'Account', referenceId: 'a1' }, Name: 'Tree', Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'c1' }, LastName: 'Leaf' }] } },
      ],
    });
    return { hasErrors, references: results.map((each) => each.referenceId) };
  },

  async batch(conn) {
    const { hasErrors, results } = await conn.requestPost(`${DATA}/composite/batch`, {
      batchRequests: [
        { method: 'GET', url: 'v62.0/limits' },
        { method: 'GET', url: 'v62.0/sobjects/Nonsense' },
      ],
    });
    return { hasErrors, statuses: results.map((each) => each.statusCode) };
  },

  async graph(conn) {
    const { graphs } = await conn.requestPost(`${DATA}/composite/graph`, {
      graphs: [{ graphId: 'g1', compositeRequest: [{ method: 'POST', url: `${DATA}/sobjects/Account`, referenceId: 'a', body: { Name: 'Graph' } }] }],
    });
    return graphs.map((each) => each.isSuccessful);
  },
};
