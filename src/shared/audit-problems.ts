import { describedWith } from './locales/described.ts'
import { ENGLISH } from './locales/locales.ts'
import { inLocale } from './locales/texts.ts'
import { secondOf } from './moment.ts'

/** What is wrong with the audit log, in ICU MessageFormat. `{seq}` is where: the entry that is wrong, or the first that is missing. */
export const PROBLEMS = {
  changed:
    '{count, plural, one {entry {seq} is not what was written there} other {entries {seq} to {to} are not what was written there, or were written under another SECRET_KEY}}',
  missing: '{count, plural, one {entry {seq} is missing} other {entries {seq} to {to} are missing}}',
  first_mark: 'the mark of where the log begins is missing or was changed',
  head_mark:
    '{how, select, another {entry {seq} is not the one that the mark of the newest entry names} other {the mark of the newest entry is missing or was changed}}',
  cut_at_end:
    '{count, plural, one {the newest entry is missing: {seq}} other {the newest entries are missing: {seq} to {to}}}',
  added: 'entry {seq} was not written by the server',
  found_broken: 'at entry {seq} the server found the end of the log changed',
  not_as_kept:
    '{how, select, empty {the log is empty, and was not when that head was kept} short {the log ends at {to}, before the head that was kept} other {entry {seq} is another one than when that head was kept}}',
  emptied:
    'the log and its marks are gone: there is {what, select, account {an account} client {a client} provider {a sign-in provider} api {an API} other {a signing key}}, and no entry of how it came there',
  older_copy:
    '{what, select, account {an account} client {a client} provider {a sign-in provider} api {an API} other {a signing key}} was made on {time}, after the newest entry of the log',
  anchored_changed: 'the entries up to {to} are not those that were there when the log was anchored anew',
} as const

export type ProblemKind = keyof typeof PROBLEMS

/** What fills the sentence of a problem, beside `seq`. */
export interface ProblemValues {
  count?: number
  to?: number
  how?: 'another' | 'empty' | 'short'
  what?: RecordedThing
  /** Milliseconds since the epoch. */
  at?: number
}

/** What comes into the database with an entry that says so. */
export type RecordedThing = 'account' | 'client' | 'provider' | 'api' | 'key'

/** A problem in the language of the running code; undefined: it is of another version. */
export function problemInWords(kind: string, seq: number, values: ProblemValues): string | undefined {
  const known = (Object.keys(PROBLEMS) as ProblemKind[]).find((each) => each === kind)
  if (known === undefined) return undefined
  const { count = 1, to = seq, how = 'other', what = 'other', at = 0 } = values
  return describedWith(`admin.audit.problem.${known}`, PROBLEMS[known], {
    ...{ seq: String(seq), to: String(to), count, how, what, time: secondOf(at) },
  })
}

/** The same for operators and programs. */
export const problemInEnglish = (kind: ProblemKind, seq: number, values: ProblemValues): string =>
  inLocale(ENGLISH, () => problemInWords(kind, seq, values) ?? kind)
