import { z } from 'zod'
import { saying } from './locales/texts.ts'

/**
 * Control characters, lone surrogates, private use, separators, and what reorders or hides the text around it
 * (UAX #9 bidirectional controls, tags, fillers). The joiners U+200C and U+200D stay: Persian, Indic scripts and
 * emoji need them.
 */
export const unseen =
  /[\p{Cc}\p{Cs}\p{Co}\u00AD\u061C\u115F\u1160\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\u{E0000}-\u{E007F}]/u

/** One line of text that a person reads, in NFC, trimmed. @param max code points */
export const line = (max: number) =>
  z
    .string(saying('field.text'))
    .transform((typed) => typed.normalize('NFC').trim())
    .pipe(
      z
        .string()
        .refine((text) => [...text].length <= max, saying('field.atMost', { max }))
        .refine((text) => !unseen.test(text), saying('field.line')),
    )

/** A field that may be left out (undefined: not touched) or emptied (null, or text with nothing in it: null). */
export const emptiable = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' && value.trim() === '' ? null : value), schema.nullish())

/** What `emptiable` makes of a check of text. */
export type Emptiable = ReturnType<typeof emptiable<z.ZodType<string, string>>>

/** Several lines of text, each as `line`. @param max code points in all */
export const lines = (max: number) =>
  z
    .string(saying('field.text'))
    .transform((typed) => typed.normalize('NFC').replaceAll('\r\n', '\n').trim())
    .pipe(
      z
        .string()
        .refine((text) => [...text].length <= max, saying('field.atMost', { max }))
        .refine((text) => !unseen.test(text.replaceAll('\n', '')), saying('field.invisible')),
    )

/** Whether a text has all of these words, in any order and case. @param words with spaces between; none: every text */
export function hasWords(words: string): (text: string) => boolean {
  const parts = words.toLowerCase().split(/\s+/)
  return (text) => parts.every((part) => text.toLowerCase().includes(part))
}
