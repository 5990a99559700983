// kafkajs, told what to do in lines of JSON: node kafkajs.cjs BOOTSTRAP.
// A line {"do": NAME, …} is answered by one line, {"ok": …} or {"error": …}.  The process is one
// consumer, where it has been opened; it ends as a crash would when nobody tells it any more.
const readline = require('node:readline')
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs')

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
const CODECS = { none: 0, gzip: 1, snappy: 2 }

const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING })

async function connected(client, work) {
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.disconnect()
  }
}

// ------------------------------------------------------------ admin and producers

const create = ({ topic, partitions }) =>
  connected(kafka.admin(), (admin) =>
    admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }))

const messages = (records) => records.map(([value, key, partition]) => ({
  value, key, ...(partition === null ? {} : { partition }),
}))

async function produce({ topic, records, codec, idempotent }) {
  const producer = kafka.producer(idempotent ? { idempotent, maxInFlightRequests: 1 } : {})
  const sent = await connected(producer, () => producer.send({
    topic, acks: -1, compression: CODECS[codec], messages: messages(records),
  }))
  return sent.map(({ partition, baseOffset }) => [partition, Number(baseOffset)])
}

const transactions = ({ name, topic, parts }) => {
  const options = { transactionalId: name, idempotent: true, maxInFlightRequests: 1 }
  return connected(kafka.producer(options), async (producer) => {
    for (const [value, commit] of parts) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value, partition: 0 }] })
      await (commit ? transaction.commit() : transaction.abort())
    }
  })
}

const lag = ({ group, topic }) => connected(kafka.admin(), async (admin) => {
  const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map((e) => [e.partition, e.high]))
  return partitions.map((p) => [p.partition, Number(ends.get(p.partition)) - Number(p.offset)])
})

// ------------------------------------------------------------ one consumer

let consumer, admin, wish, mine = [], waiting = [], wake = () => {}
const positions = new Map()

async function open(wished) {
  wish = wished
  admin = kafka.admin()
  await admin.connect()
  consumer = kafka.consumer({
    groupId: wish.group,
    readUncommitted: !wish.committed,
    sessionTimeout: wish.session,
    rebalanceTimeout: 10000,
    heartbeatInterval: 200,
    metadataMaxAge: 500,
    maxWaitTimeInMs: 200,
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    mine = Object.values(payload.memberAssignment).flat()
    waiting = waiting.filter(([partition]) => mine.includes(partition))
  })
  await consumer.connect()
}

async function subscribe({ topic }) {
  await consumer.subscribe({ topics: [topic], fromBeginning: wish.reset === 'earliest' })
  await consumer.run({
    autoCommit: wish.auto,
    autoCommitInterval: 200,
    eachMessage: async ({ partition, message: { offset, key, value } }) => {
      waiting.push([partition, Number(offset), key && String(key), String(value)])
      wake()
    },
  })
}

const seek = ({ topic, partition, offset }) => {
  waiting = waiting.filter((record) => record[0] !== partition)
  consumer.seek({ topic, partition, offset: String(offset) })
}

async function poll({ seconds }) {
  if (waiting.length === 0) {
    await new Promise((resolve) => {
      wake = resolve
      setTimeout(resolve, 1000 * seconds)
    })
  }
  const found = waiting
  waiting = []
  for (const [partition, offset] of found) positions.set(partition, offset + 1)
  return found
}

const commit = ({ topic }) => consumer.commitOffsets([...positions]
  .filter(([partition]) => mine.includes(partition))
  .map(([partition, offset]) => ({ topic, partition, offset: String(offset) })))

async function committed({ topic, partition }) {
  const [{ partitions }] = await admin.fetchOffsets({ groupId: wish.group, topics: [topic] })
  return Number(partitions.find((each) => each.partition === partition).offset)
}

async function at_time({ topic, partition, time }) {
  const found = await admin.fetchTopicOffsetsByTimestamp(topic, time)
  return Number(found.find((each) => each.partition === partition).offset)
}

async function close() {
  await consumer.disconnect()
  await admin.disconnect()
}

// ------------------------------------------------------------ the conversation

const KNOWN = {
  create, produce, transactions, lag, open, subscribe, seek, poll, commit, committed, at_time,
  assignment: () => mine, close,
}

const lines = readline.createInterface({ input: process.stdin })
lines.on('line', async (line) => {
  const told = JSON.parse(line)
  const answer = await Promise.resolve()
    .then(() => KNOWN[told.do](told))
    .then((ok) => ({ ok: ok === undefined ? null : ok }), (error) => ({ error: String(error) }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
})
lines.on('close', () => process.exit(1))
