/** loro-crdt (wasm-bindgen): two documents edited apart and merged; many small calls across the border, events, a snapshot. */

const { createHash } = require('node:crypto');
const { LoroDoc, LoroMap } = require('loro-crdt');

module.exports = async () => () => {
  const docs = ['1', '2'].map((peer) => {
    const doc = new LoroDoc();
    doc.setPeerId(peer);
    return doc;
  });
  const [first, second] = docs;
  let events = 0;
  first.subscribe(() => events++);
  for (const [n, doc] of docs.entries()) {
    const text = doc.getText('text');
    const list = doc.getList('list');
    const map = doc.getMap('map');
    for (let i = 0; i < 1000; i++) {
      text.insert((i * 7919) % (text.length + 1), `${n}${String.fromCharCode(97 + (i % 26))}é`);
      if (i % 5 === 4) text.delete((i * 31) % (text.length - 2), 2);
      list.push(i / 8);
      map.set(`key ${i % 50}`, { i, on: i % 2 === 0, tags: ['a', null, n] });
    }
    map.setContainer('child', new LoroMap()).set('peer', n);
    doc.commit();
  }
  first.import(second.export({ mode: 'update' }));
  second.import(first.export({ mode: 'snapshot' }));
  const json = docs.map((doc) => JSON.stringify(doc.toJSON()));
  let thrown;
  try {
    first.getText('text').insert(10 ** 6, 'x');
  } catch (error) {
    thrown = String(error);
  }
  const lines = [json[0] === json[1], events, json[0].length, createHash('sha256').update(json[0]).digest('hex'), thrown];
  lines.push(first.getText('text').toString().slice(0, 200), JSON.stringify(first.getMap('map').get('key 7')), first.opCount());
  for (const doc of docs) doc.free();
  return lines.join('\n');
};
