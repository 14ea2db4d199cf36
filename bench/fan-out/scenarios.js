/** @import { Scenario } from './run.js' */

const ROOM = { subscribers: 1_000, documents: 1, distinct: false, inFlight: 1, events: 200 };

/** @type {readonly Scenario[]} */
export const SCENARIOS = [
  { ...ROOM, name: 'one', title: '1,000 subscribers of one document, 1 event a tick', perTick: 1 },
  { ...ROOM, name: 'ten', title: '1,000 subscribers of one document, 10 events a tick', perTick: 10 },
  { ...ROOM, name: 'hundred', title: '1,000 subscribers of one document, 100 events a tick', perTick: 100 },
  {
    ...{ name: 'documents', title: '100 documents with 10 subscribers each, 1 event a tick, 16 in flight' },
    // An event has few deliveries here: more of them, so that CPU time can be told in steps of 10 ms.
    ...{ subscribers: 1_000, documents: 100, distinct: false, perTick: 1, inFlight: 16, events: 2_000 },
  },
  {
    ...ROOM,
    ...{
      name: 'distinct',
      title: '1,000 subscribers of one document, each with a selection of its own, 1 event a tick',
    },
    ...{ distinct: true, perTick: 1 },
  },
];
