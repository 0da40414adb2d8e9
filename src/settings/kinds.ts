import { z } from 'zod'
import { saying, type TextArguments, type TextKey, t } from '../shared/locales/texts.ts'

/** How people enter a value; every form, and the way from text, follows from it. */
export type Input =
  | {
      kind: 'number'
      low: number
      high: number
      unit: 'seconds' | 'hours' | 'days' | undefined
      /** What 0 stands for. */
      zero: ZeroKey | undefined
    }
  | { kind: 'choice'; options: readonly string[] }
  /** Several, one beside the other. */
  | { kind: 'words' }
  | { kind: 'text' }

type ZeroKey = Extract<TextKey, `admin.settings.zero.${string}`>

/** What a value may be, in JSON, and how it is entered. */
export interface Kind<Value> {
  /** Of the value in JSON. Each issue has the one message that says what is right, with an example, in the language of who reads it. */
  schema: z.ZodType<Value>
  input: Input
  /** What a text (an environment variable, a field of a form, an argument) stands for; the schema judges it. */
  fromText(text: string): unknown
  /** What counts while nobody has said anything. */
  fallback: Value | ((issuer: string) => Value)
}

/** @param fallback also the example of a right value */
export function number(
  fallback: number,
  low: number,
  high: number,
  { unit, zero }: { unit?: 'seconds' | 'hours' | 'days'; zero?: ZeroKey } = {},
): Kind<number> {
  const range = { low: String(low), high: String(high), example: String(fallback), unit: unit ?? 'none' }
  const error = () =>
    zero === undefined
      ? t('admin.settings.must.number', range)
      : t('admin.settings.must.number.zero', { ...range, zero: t(zero) })
  return {
    schema: z.int({ error }).min(low, { error }).max(high, { error }),
    input: { kind: 'number', low, high, unit, zero },
    fromText: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : text),
    fallback,
  }
}

export const choice = <const Values extends readonly [string, ...string[]]>(
  options: Values,
  fallback: Values[number] | ((issuer: string) => Values[number]),
): Kind<Values[number]> => ({
  schema: z.enum(options, saying('admin.settings.must.choice', { options: options.join(', ') })) as z.ZodType<
    Values[number]
  >,
  input: { kind: 'choice', options },
  fromText: (text) => text,
  fallback,
})

/** Characters of all words of a list. */
const MAX_LENGTH = 2000

/**
 * A list, without what is in it twice.
 * @param rule.problem what is wrong with the list, or undefined @param rule.normal a word as it is kept
 */
export function words(rule: {
  problem(words: readonly string[]): string | undefined
  normal?(word: string): string
  separator?: RegExp
}): Kind<readonly string[]> {
  const { problem, normal = (word) => word, separator = /[\s,]+/ } = rule
  const error = () => t('admin.settings.must.list')
  return {
    schema: z
      .array(z.string({ error }), { error })
      .superRefine((list, context) => {
        const message =
          list.join(' ').length > MAX_LENGTH
            ? t('admin.settings.must.together', { max: String(MAX_LENGTH) })
            : problem(list)
        if (message !== undefined) context.addIssue({ code: 'custom', message })
      })
      .overwrite((list) => [...new Set(list.map(normal))]),
    input: { kind: 'words' },
    fromText: (text) => text.split(separator).filter(Boolean),
    fallback: [],
  }
}

/** A rule for every word of a list. @param key what is right, with an example */
export const every =
  (isOne: (word: string) => boolean, key: TextKey, values: TextArguments = {}) =>
  (list: readonly string[]): string | undefined =>
    list.every(isOne) ? undefined : t(key, values)

export const text = (schema: z.ZodType<string>, fallback: (issuer: string) => string): Kind<string> => ({
  schema,
  input: { kind: 'text' },
  fromText: (given) => given,
  fallback,
})
