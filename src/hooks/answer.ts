import { z } from 'zod'
import type { TokenClaims } from '../shared/before-hook.ts'
import { type Message, message } from '../shared/locales/texts.ts'
import { isReservedClaim } from '../shared/reserved-claims.ts'
import { line } from '../shared/text.ts'
import type { Moment } from './table.ts'

/** Bytes of an answer, unpacked. */
const MAX_BYTES = 16 * 1024
const MAX_MESSAGE = 200
const MAX_CLAIMS = 50

/** What a receiver answered. */
export interface HookAnswer {
  action: 'allow' | 'deny'
  message?: string | undefined
  require?: 'second_factor' | undefined
  claims?: TokenClaims | undefined
}

/** The receiver answered something that counts for nothing; `why` says what, without any of it. */
export class BadAnswer extends Error {
  readonly why: Message

  constructor(why: Message) {
    super(why.english)
    this.why = why
  }
}

const claimsSchema = z
  .record(z.string().regex(/^[A-Za-z][\w.:/-]{0,99}$/), z.json())
  .refine((claims) => Object.keys(claims).length <= MAX_CLAIMS)

/** What may be answered when: nothing else, so that a slip of the receiver's is seen. */
const SCHEMAS = {
  sign_in: schemaWith({ require: z.literal('second_factor').optional() }),
  registration: schemaWith({}),
  token: schemaWith({
    claims: z
      .strictObject({ access_token: claimsSchema.optional(), id_token: claimsSchema.optional() })
      .optional(),
  }),
} as const satisfies Record<Moment, z.ZodType<HookAnswer>>

function schemaWith<Shape extends z.ZodRawShape>(allowed: Shape) {
  return z.discriminatedUnion('action', [
    z.strictObject({ action: z.literal('allow'), ...allowed }),
    z.strictObject({ action: z.literal('deny'), message: line(MAX_MESSAGE).optional() }),
  ])
}

/**
 * Reads what a receiver answered: status 200, a small JSON document of the schema of the moment. An answer with a
 * claim under a reserved name counts for nothing as a whole.
 * @throws BadAnswer
 */
export async function readAnswer(at: Moment, response: Response): Promise<HookAnswer> {
  const refuse = async (why: Message): Promise<never> => {
    await response.body?.cancel().catch(() => undefined)
    throw new BadAnswer(why)
  }
  if (response.status !== 200)
    return refuse(message('admin.hooks.failure.status', { status: response.status }))
  const type = response.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) return refuse(message('admin.hooks.failure.type'))
  const text = await readSmall(response)
  const parsed = SCHEMAS[at].safeParse(jsonOf(text))
  if (!parsed.success) throw new BadAnswer(message('admin.hooks.failure.form', { moment: at }))
  const answer: HookAnswer = parsed.data
  const names = Object.values(answer.claims ?? {}).flatMap((claims) => Object.keys(claims ?? {}))
  const reserved = names.find(isReservedClaim)
  if (reserved !== undefined)
    throw new BadAnswer(message('admin.hooks.failure.reserved', { claim: reserved }))
  return answer
}

/** @throws BadAnswer when it is too large; it is not read further */
async function readSmall(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader()
  if (reader === undefined) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks).toString('utf8')
    bytes += value.byteLength
    chunks.push(value)
    if (bytes <= MAX_BYTES) continue
    await reader.cancel().catch(() => undefined)
    throw new BadAnswer(message('admin.hooks.failure.large', { size: MAX_BYTES / 1024 }))
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadAnswer(message('admin.hooks.failure.json'))
  }
}
