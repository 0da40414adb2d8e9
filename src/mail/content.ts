import type { TextArguments, TextKey } from '../shared/locales/texts.ts'
import { dayOf, durationInWords, minuteOf } from '../shared/moment.ts'
import { own } from '../shared/own.ts'
import type { MailData, MailTemplate } from './data.ts'

/** A text of the catalogues, and what fills it. */
export type Sentence = readonly [key: TextKey, values?: TextArguments]

/** What a mail says. Both layouts show all of it, in this order. */
export interface Content {
  /** Shown on locked screens and in the logs of mail servers: it holds no name and no code. */
  subject: Sentence
  heading: Sentence
  /** To be typed into a page. */
  code?: string | undefined
  paragraphs: readonly Sentence[]
  /** A row without a value is left out. */
  facts?: readonly (readonly [label: TextKey, value: string | undefined])[]
  /** Behind the facts: what to do, above all if it was not the receiver. */
  advice?: readonly Sentence[]
  button: Link
  /** Only where it is no less needed than the button. */
  also?: Link
  /** Why the receiver gets this message. */
  because: TextKey
}

interface Link {
  label: TextKey
  link: string
}

/** The mail of a template. Runs in the language that the mail is written in. @param service the host of the issuer */
export type WriteOf<Template extends MailTemplate> = (data: MailData[Template], service: string) => Content

// Mails that an earlier version put into the queue hold these in words.
const number =
  (inWords: (value: number) => string) =>
  (value: number): string =>
    typeof value === 'number' ? inWords(value) : String(value)

/** @param value seconds */
export const lasting = number(durationInWords)
/** @param value milliseconds since the epoch */
export const day = number(dayOf)
/** @param value milliseconds since the epoch */
export const minute = number(minuteOf)

/** One of a table; undefined: it has none of that name. */
export const chosen = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  own(table, name)
