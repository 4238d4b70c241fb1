// A PDS and a PLC directory in one process, SQLite and memory only. Prints one line of JSON when both answer.
// Environment: DATA (folder), PDS_PORT, PLC_PORT, JWT_SECRET.
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import path from 'node:path'
import { PDS, envToCfg, envToSecrets } from '@atproto/pds'

const require = createRequire(import.meta.url)
const plc = require('@did-plc/server') // CommonJS
const { DATA: data, PDS_PORT: pdsPort, PLC_PORT: plcPort, JWT_SECRET: jwtSecret } = process.env

const directory = plc.PlcServer.create({ db: new plc.MockDatabase(), port: Number(plcPort) })
await directory.start()

const rotationKey = createHash('sha256').update('only for tests').digest('hex')
const env = {
  devMode: true,
  port: Number(pdsPort),
  hostname: 'localhost',
  serviceHandleDomains: ['.test'],
  dataDirectory: data,
  blobstoreDiskLocation: path.join(data, 'blobs'),
  didPlcUrl: `http://localhost:${plcPort}`,
  inviteRequired: false,
  disableSsrfProtection: true,
  rateLimitsEnabled: process.env.RATE_LIMITS === '1',
  jwtSecret,
  adminPassword: 'only-for-tests',
  dpopSecret: createHash('sha256').update('dpop').digest('hex'),
  plcRotationKeyK256PrivateKeyHex: rotationKey,
}
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
const server = await pds.start()
if (!server.listening) await once(server, 'listening')
console.log(JSON.stringify({ ready: true, pds: `http://localhost:${pdsPort}`, plc: `http://localhost:${plcPort}` }))

const stop = async () => {
  await pds.destroy()
  await directory.destroy()
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
