import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { accepted, isKnown, type Representations, representationsOf } from '../../shared/representations.ts'

const PUBLIC = fileURLToPath(new URL('../../../public/', import.meta.url))
const FIGTREE = fileURLToPath(
  new URL('files/', import.meta.resolve('@fontsource-variable/figtree/package.json')),
)

const TYPES = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
}

/**
 * What `/assets/` serves: name → the files that it consists of. Nothing else below these folders can be reached. A name in a
 * style sheet, `url("asset:name")`, has to stand above the sheet here.
 */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'figtree-latin.woff2': [`${FIGTREE}figtree-latin-wght-normal.woff2`],
  'figtree-latin-ext.woff2': [`${FIGTREE}figtree-latin-ext-wght-normal.woff2`],
  'latchkey.css': ['tokens', 'base', 'parts'].map((name) => `${PUBLIC}css/${name}.css`),
  'console.css': [`${PUBLIC}css/console.css`],
  'latchkey.js': [`${PUBLIC}latchkey.js`],
  'console.js': [`${PUBLIC}console.js`],
  'passwords.js': [`${PUBLIC}passwords.js`],
  'resend.js': [`${PUBLIC}resend.js`],
  'passkeys.js': [`${PUBLIC}passkeys.js`],
  'latchkey.svg': [`${PUBLIC}latchkey.svg`],
}

/**
 * Serves styles, scripts, fonts and the icon, compressed once. Returns `asset(name)`: the file's address with a hash of its
 * content, under which browsers may keep it for ever.
 * @throws Error when a name is unknown
 */
export function registerAssets(app: FastifyInstance): (name: string) => string {
  const addresses = new Map<string, string>()
  const asset = (name: string): string => {
    const address = addresses.get(name)
    if (address === undefined) throw new Error(`no asset is called ${name}`)
    return address
  }
  for (const [name, files] of Object.entries(FILES)) {
    const body = contentOf(name, files, asset)
    const version = hash('sha256', body, 'base64url').slice(0, 12)
    addresses.set(name, `/assets/${name}?v=${version}`)
    let made: Promise<Representations> | undefined
    app.get<{ Querystring: { v?: string } }>(`/assets/${name}`, async (request, reply) => {
      made ??= representationsOf(body, { 'content-type': typeOf(name), vary: 'Accept-Encoding' })
      const representations = await made
      const { bytes, headers } = accepted(request.headers, representations)
      // While two versions of the server run, a page of one may ask the other: only the right content is kept.
      const keep = request.query.v === version
      reply
        .headers(headers)
        .header('cache-control', keep ? 'public, max-age=31536000, immutable' : 'no-cache')
      return isKnown(request.headers, representations) ? reply.code(304).send() : bytes
    })
  }
  return asset
}

/** The files of an asset in a row, with the addresses of other assets in place of their names. */
function contentOf(name: string, files: readonly string[], asset: (name: string) => string): Buffer {
  const body = Buffer.concat(files.map((file) => readFileSync(file)))
  if (!name.endsWith('.css')) return body
  return Buffer.from(body.toString().replaceAll(/asset:([\w.-]+)/g, (_, other: string) => asset(other)))
}

function typeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1) as keyof typeof TYPES
  return TYPES[ending]
}
