// The whole of a network in one process: directory, PDS and AppView, from Bluesky's own kit for developers. Prints one
// line of JSON when all answer. Environment: DB_POSTGRES_URL, REDIS_HOST (host:port), PORTS (plc, pds, bsky, ozone,
// introspect, and two for the AppView's own parts).
import { TestNetwork } from '@atproto/dev-env'

const [plc, pds, bsky, ozone, introspect] = process.env.PORTS.split(',').map(Number)
const network = await TestNetwork.create({
  dbPostgresSchema: process.env.SCHEMA,
  plc: { port: plc },
  pds: { port: pds, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { port: bsky, publicUrl: `http://localhost:${bsky}` },
  ozone: { port: ozone },
  introspect: { port: introspect },
})
console.log(JSON.stringify({ ready: true, pds: `http://localhost:${pds}`, plc: `http://localhost:${plc}` }))

const stop = async () => {
  try {
    await network.close()
  } finally {
    process.exit(0)
  }
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
