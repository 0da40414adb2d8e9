import { z } from 'zod'
import { saying } from '../../shared/locales/texts.ts'
import { isLoopbackHost } from '../../shared/loopback.ts'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'

/** What may be chosen, in the words of the console's form. */
export interface Choice {
  /** Empty: the field is left unset. */
  value: string
  label: string
  /** Another value that means the same. */
  also?: string
}

/** How people enter a value. The control of the form, the type in JSON and the argument of the option follow from it. */
export type Input =
  | { kind: 'text'; maxLength?: number }
  | { kind: 'url' }
  /** Scope values, separated by spaces. */
  | { kind: 'scopes' }
  /** A list, one entry on each line. */
  | { kind: 'lines'; rows?: number }
  /** `closed`: an answer has one of these values as well, and its schema says so. */
  | { kind: 'choice'; choices: readonly Choice[]; closed?: readonly string[] }
  /** A list, of which each value has a box named `prefix.value`. */
  | { kind: 'boxes'; prefix: string; choices: readonly Choice[] }
  /** A box that says nothing unless it is ticked. */
  | { kind: 'check' }
  /** A box that says no unless it is ticked. `initially`: what a new client gets. */
  | { kind: 'switch'; initially: boolean }
  | { kind: 'seconds' }
  /** A JWK Set. */
  | { kind: 'keys' }
  /** An object that people write in lines, like `group: Engineers`. What no line can be read as is left for the schema to refuse. */
  | {
      kind: 'written'
      rows: number
      read(lines: readonly string[]): unknown
      write(value: unknown): string[]
    }

/** What a value may be, and how it is entered. */
export interface Kind<Value> {
  /** Of the value in JSON. Each issue has a message that says what is right. */
  schema: z.ZodType<Value>
  input: Input
  /** Of a URL: a page that people open, or an address that this server calls. */
  address?: 'page' | 'called'
}

/** What would let one client pass for another: characters that are not seen, or that reorder the others (UAX #9). */
const UNSEEN =
  /[\p{Cc}\p{Cs}\p{Co}\u00AD\u061C\u115F\u1160\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\u{E0000}-\u{E007F}]/u

export const text = (): Kind<string> => ({
  schema: z
    .string(saying('admin.common.problem.text'))
    .trim()
    .min(1, saying('admin.common.problem.empty'))
    .max(200, saying('admin.client_errors.text.long', { max: '200' }))
    .refine((value) => !UNSEEN.test(value), saying('admin.client_errors.text.unseen')),
  input: { kind: 'text', maxLength: 200 },
})

/**
 * A page of the client, or its keys: https, so that what the consent page shows or a signature rests on is the client's own.
 * @param example a right value
 */
export const httpsUrl = (address: 'page' | 'called', example: string): Kind<string> => ({
  schema: z
    .string(saying('admin.client_errors.url.none'))
    .refine((value) => isWebUrl(value, ['https:']), saying('admin.client_errors.url.https', { example })),
  input: { kind: 'url' },
  address,
})

/** As `httpsUrl`, or plain http on loopback, for development. @param example a right value */
export const calledUrl = (example: string): Kind<string> => ({
  schema: z
    .string(saying('admin.client_errors.url.none'))
    .refine(
      (value) => isWebUrl(value, ['https:']) || isLoopbackUrl(value),
      saying('admin.client_errors.url.called', { example }),
    ),
  input: { kind: 'url' },
  address: 'called',
})

export const uriList = (input: { rows?: number } = {}): Kind<string[]> => ({
  schema: z
    .array(z.string(saying('admin.client_errors.list.text')), saying('admin.client_errors.list.uris'))
    .max(100, saying('admin.client_errors.entries', { max: 100 }))
    .transform((values) => [...new Set(values)]),
  input: { kind: 'lines', ...input },
})

export const emailList = (): Kind<string[]> => ({
  schema: z
    .array(z.email(saying('admin.client_errors.emails')), saying('admin.client_errors.list.emails'))
    .max(10, saying('admin.client_errors.entries', { max: 10 })),
  input: { kind: 'lines', rows: 2 },
})

/**
 * RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by spaces. No other white space is taken for one:
 * a reader that splits at spaces alone would see another scope.
 */
export const scopeText = z
  .string(saying('admin.client_errors.scopes.text'))
  .max(2000, saying('admin.client_errors.text.long', { max: '2000' }))
  .regex(
    /^ *[\x21\x23-\x5b\x5d-\x7e]+( +[\x21\x23-\x5b\x5d-\x7e]+)* *$/,
    saying('admin.client_errors.scopes'),
  )
  .transform((value) => [...new Set(value.split(' ').filter(Boolean))].join(' '))

/** @param labels each value and its words in the form @param closed whether answers promise one of them too */
export function choice<const Value extends string>(
  labels: Readonly<Record<Value, string>>,
  { unset, also, closed = false }: { unset?: string; also?: string; closed?: boolean } = {},
): Kind<Value> {
  const values = Object.keys(labels) as [Value, ...Value[]]
  const choices = values.map((value) => ({ value, label: labels[value] }))
  return {
    schema: oneOf(values) as unknown as z.ZodType<Value>,
    input: {
      kind: 'choice',
      choices:
        unset === undefined ? choices : [{ value: '', label: unset, ...(also && { also }) }, ...choices],
      ...(closed && { closed: values }),
    },
  }
}

/** @param unset the words of the form for none; where they name an algorithm, it is not offered a second time */
export function algorithm(unset?: string): Kind<(typeof SIGNING_ALGORITHMS)[number]> {
  const offered = SIGNING_ALGORITHMS.filter((alg) => alg !== unset).map((alg) => ({ value: alg, label: alg }))
  return {
    schema: oneOf(SIGNING_ALGORITHMS),
    input: {
      kind: 'choice',
      choices: unset === undefined ? offered : [{ value: '', label: unset }, ...offered],
    },
  }
}

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, saying('admin.client_errors.one_of', { values: values.join(', ') }))

const boolean = z.boolean(saying('admin.common.problem.boolean'))

/** Something that is required of the client when it is true; unset is the same as false. */
export const check = (): Kind<boolean> => ({ schema: boolean, input: { kind: 'check' } })

/** Something that is on or off. @param initially of a new client that says nothing */
export const onOff = (initially: boolean): Kind<boolean> => ({
  schema: boolean,
  input: { kind: 'switch', initially },
})

const WHOLE_SECONDS = saying('admin.client_errors.seconds')

export const seconds = (): Kind<number> => ({
  schema: z.int(WHOLE_SECONDS).min(0, WHOLE_SECONDS),
  input: { kind: 'seconds' },
})

function isWebUrl(value: string, protocols: readonly string[]): boolean {
  const url = URL.parse(value)
  return (
    url !== null &&
    protocols.includes(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    value.length <= 2000 &&
    /^[\x21-\x7e]+$/.test(value) &&
    !/[#\\]/.test(value)
  )
}

const isLoopbackUrl = (value: string): boolean =>
  isWebUrl(value, ['http:']) && isLoopbackHost(new URL(value).hostname)
