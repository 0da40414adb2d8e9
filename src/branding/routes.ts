import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BoundedMap } from '../shared/bounded-map.ts'
import { accepted, isKnown, type Representations, representationsOf } from '../shared/representations.ts'
import type { BrandImages } from './images.ts'
import type { Sheets } from './theme.ts'

/** Style sheets that are kept compressed: as many as looks are shown on one day. */
const MOST_SHEETS = 200

const SHEET = /^([\w-]{43})\.css$/
const IMAGE = /^[\w-]{43}\.\d{1,4}x\d{1,4}\.(?:png|jpg|webp|svg)$/

const colour = z
  .string()
  .regex(/^[\da-f]{6}$/)
  .transform((digits) => `#${digits}`)
  .optional()
  .transform((given) => given ?? null)
/** As `addressOf` writes it: nothing else is a look. */
const look = z.strictObject({
  accent: colour,
  background: colour,
  radius: z
    .string()
    .regex(/^(?:\d|1\d|2[0-4])$/)
    .transform(Number)
    .optional()
    .transform((given) => given ?? null),
})

const FOR_EVER = 'public, max-age=31536000, immutable'

/**
 * `/theme/{hash}.css` and `/theme/{hash}.{width}x{height}.{png|jpg|webp|svg}`: what brands add to pages and messages. The name of a picture is the hash
 * of what is answered, that of a style sheet a digest that this server alone can make of its look: both may be kept for ever, and nothing else can be put in their
 * place; what is not found is not kept at all, and costs a digest.
 */
export function themeRoutes(
  app: FastifyInstance,
  { images, sheetAt }: { images: Pick<BrandImages, 'find'>; sheetAt: Sheets['sheetAt'] },
): void {
  const sheets = new BoundedMap<string, Promise<Representations>>(MOST_SHEETS)

  function sheetOf(file: string, query: unknown): Promise<Representations> | undefined {
    const [, digest] = SHEET.exec(file) ?? []
    const { data } = look.safeParse(query)
    if (digest === undefined || data === undefined) return undefined
    const named = `${digest} ${JSON.stringify(data)}`
    const known = sheets.get(named)
    if (known) return known
    const sheet = sheetAt(digest, data)
    if (sheet === undefined) return undefined
    const headers = { 'content-type': 'text/css; charset=utf-8', vary: 'Accept-Encoding' }
    const made = representationsOf(Buffer.from(sheet), headers)
    sheets.set(named, made)
    return made
  }

  app.get<{ Params: { file: string } }>('/theme/:file', async (request, reply) => {
    const { file } = request.params
    reply.header('x-content-type-options', 'nosniff')
    const sheet = await sheetOf(file, request.query)
    if (sheet !== undefined) {
      const { bytes, headers } = accepted(request.headers, sheet)
      reply.headers(headers).header('cache-control', FOR_EVER)
      return isKnown(request.headers, sheet) ? reply.code(304).send() : bytes
    }
    const image = IMAGE.test(file) ? await images.find(file) : undefined
    if (image === undefined) return reply.callNotFound()
    return (
      reply
        .type(image.mediaType)
        .header('content-security-policy', "default-src 'none'; sandbox")
        // Programs that show messages load it from where they are.
        .header('cross-origin-resource-policy', 'cross-origin')
        .header('cache-control', FOR_EVER)
        .send(Buffer.from(image.bytes))
    )
  })
}
