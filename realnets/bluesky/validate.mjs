// Holds records against the official lexicons: argument 1 is their folder; standard input has one JSON record a line;
// each line of the output is "ok" or what is wrong. Uses @atproto/lexicon, the network's own validator.
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { Lexicons, jsonToLex } from '@atproto/lexicon'

const lexicons = new Lexicons()
for (const entry of fs.readdirSync(process.argv[2], { recursive: true })) {
  if (!entry.endsWith('.json')) continue
  const document = JSON.parse(fs.readFileSync(path.join(process.argv[2], entry), 'utf8'))
  if (document.lexicon === 1) lexicons.add(document)
}
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    const record = jsonToLex(JSON.parse(line))
    lexicons.assertValidRecord(record.$type, record)
    console.log('ok')
  } catch (error) {
    console.log(String(error.message).replaceAll('\n', ' '))
  }
}
