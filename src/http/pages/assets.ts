import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const PUBLIC = fileURLToPath(new URL('../../../public/', import.meta.url))
const PICO = fileURLToPath(new URL('css/', import.meta.resolve('@picocss/pico/package.json')))

/** What `/assets/` serves: name → folder and file. Nothing else below these folders can be reached. */
const FILES: Record<string, readonly [folder: string, file: string]> = {
  'pico.css': [PICO, 'pico.min.css'],
  'latchkey.css': [PUBLIC, 'latchkey.css'],
  'console.css': [PUBLIC, 'console.css'],
  'latchkey.js': [PUBLIC, 'latchkey.js'],
  'passkeys.js': [PUBLIC, 'passkeys.js'],
  'latchkey.svg': [PUBLIC, 'latchkey.svg'],
}

/**
 * Serves style, script and icon. Returns `asset(name)`: the file's address with a hash of its content, under which
 * browsers may keep it for ever.
 * @throws Error when a name is unknown
 */
export async function registerAssets(app: FastifyInstance): Promise<(name: string) => string> {
  const hashes = new Map<string, string>()
  for (const [name, [folder, file]] of Object.entries(FILES)) {
    const content = readFileSync(folder + file)
    hashes.set(name, createHash('sha256').update(content).digest('base64url').slice(0, 12))
  }
  await app.register(fastifyStatic, { root: PUBLIC, serve: false, cacheControl: false })
  for (const [name, [folder, file]] of Object.entries(FILES)) {
    app.get<{ Querystring: { v?: string } }>(`/assets/${name}`, async (request, reply) => {
      // While two versions of the server run, a page of one may ask the other: only the right content is kept.
      const keep = request.query.v === hashes.get(name)
      reply.header('cache-control', keep ? 'public, max-age=31536000, immutable' : 'no-cache')
      return reply.sendFile(file, folder)
    })
  }
  return (name) => {
    const hash = hashes.get(name)
    if (hash === undefined) throw new Error(`no asset is called ${name}`)
    return `/assets/${name}?v=${hash}`
  }
}
