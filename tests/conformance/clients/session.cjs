// One session with kafkajs: node session.cjs BOOTSTRAP TOPIC.  Ends with status 0 if all went well.
const assert = require('node:assert')
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')

const [bootstrap, topic] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
const group = `${topic}-group`

async function read(count, { isolation = false, groupId = group } = {}) {
  const consumer = kafka.consumer({
    groupId, readUncommitted: !isolation, sessionTimeout: 6000, heartbeatInterval: 200,
  })
  const found = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${found.length} of ${count} records came`)), 60000).unref()
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        found.push({ partition, key: String(message.key), value: String(message.value) })
        const next = String(BigInt(message.offset) + 1n)
        await consumer.commitOffsets([{ topic, partition, offset: next }])
        if (found.length === count) resolve()
      },
    })
  })
  await consumer.disconnect()
  return found
}

async function main() {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true })

  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const values = [...Array(30).keys()].map(String)
  await producer.send({
    topic, acks: -1, compression: CompressionTypes.GZIP,
    messages: values.map((value) => ({ key: `k${value % 5}`, value })),
  })
  const first = await read(30)
  assert.deepEqual(first.map((r) => r.value).sort(), [...values].sort())
  for (const key of new Set(first.map((r) => r.key))) {
    const mine = first.filter((r) => r.key === key)
    assert.equal(new Set(mine.map((r) => r.partition)).size, 1)
    assert.deepEqual(mine.map((r) => r.value), values.filter((v) => `k${v % 5}` === key))
  }

  await producer.send({ topic, messages: [{ key: 'k0', value: 'more' }] })
  assert.deepEqual((await read(1)).map((r) => r.value), ['more'])
  const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  const ends = await admin.fetchTopicOffsets(topic)
  for (const { partition, offset } of partitions) {
    const end = ends.find((each) => each.partition === partition)
    if (end.high !== '0') assert.equal(offset, end.high)
  }
  await producer.disconnect()

  const writer = kafka.producer({
    transactionalId: topic, idempotent: true, maxInFlightRequests: 1,
  })
  await writer.connect()
  for (const [value, end] of [['kept', 'commit'], ['dropped', 'abort'], ['last', 'commit']]) {
    const transaction = await writer.transaction()
    await transaction.send({ topic, messages: [{ key: 'k0', value }] })
    await transaction[end]()
  }
  await writer.disconnect()
  const committed = await read(2, { isolation: true })
  assert.deepEqual(committed.map((r) => r.value), ['kept', 'last'])
  await admin.disconnect()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
