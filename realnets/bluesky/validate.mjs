// Holds records against the network's lexicons; standard input has one JSON record a line; each line of the output is
// "ok" or what is wrong. Argument 1 is the folder of the official lexicons, which @atproto/lexicon reads; without it,
// the record schemas that @atproto/pds was built from count: the same lexicons, as of the package's version.
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'

async function readFolder(folder) {
  const { Lexicons, jsonToLex } = await import('@atproto/lexicon')
  const lexicons = new Lexicons()
  for (const entry of fs.readdirSync(folder, { recursive: true })) {
    if (!entry.endsWith('.json')) continue
    const document = JSON.parse(fs.readFileSync(path.join(folder, entry), 'utf8'))
    if (document.lexicon === 1) lexicons.add(document)
  }
  return async (json) => lexicons.assertValidRecord(json.$type, jsonToLex(json))
}

async function readPackage() {
  const packages = path.resolve('node_modules/@atproto')
  const load = (file) => import(pathToFileURL(path.join(packages, file)))
  const { jsonToLex } = await load('lex-json/dist/index.js')
  return async (json) => {
    const { main } = await load(`pds/dist/lexicons/${json.$type.replaceAll('.', '/')}.defs.js`)
    const result = main.safeParse(jsonToLex(json))
    if (!result.success) throw result.reason ?? result
  }
}

const validate = await (process.argv[2] ? readFolder(process.argv[2]) : readPackage())
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    await validate(JSON.parse(line))
    console.log('ok')
  } catch (error) {
    console.log(String(error.message).replaceAll('\n', ' '))
  }
}
