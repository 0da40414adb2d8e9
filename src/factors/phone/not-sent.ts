import { AppError } from '../../shared/errors.ts'
import type { NotSent } from './phone.ts'

/** What is wrong with a number that codes are not sent to. */
const PROBLEMS = {
  not_a_number: 'There is no such number. Check it, with its country code.',
  refused_kind: 'Codes are not sent to numbers of this kind. Give the number of a mobile phone.',
  refused_country: 'Codes are not sent to numbers of this country. Give another number.',
} as const

/** “5 minutes”, at least a minute, for “try again in …”. */
export const wait = (milliseconds: number): string => {
  const minutes = Math.max(1, Math.ceil(milliseconds / 60_000))
  return minutes < 120
    ? minutes === 1
      ? 'a minute'
      : `${minutes} minutes`
    : `${Math.ceil(minutes / 60)} hours`
}

/** What is wrong with the number itself; undefined: nothing. */
export const numberProblem = (outcome: NotSent): string | undefined =>
  outcome.kind === 'refused' ? PROBLEMS[outcome.problem] : undefined

/** What else there is to do: while a number is being added it can be corrected; at a sign-in it is not shown. */
const WAYS = {
  adding: { limited: 'Use the last one', failed: 'Check the number, or try again in a minute.' },
  'sign-in': {
    limited: 'Use the last one, another second factor',
    failed: 'Try again in a minute, or use another second factor.',
  },
} as const

/**
 * What a person is told of a code that was not sent, with what they can do. Nothing of the gateway is in it.
 * @param during `adding`: a number is being verified
 */
export function notSent(outcome: NotSent, now: number, during: keyof typeof WAYS = 'sign-in'): AppError {
  const ways = WAYS[during]
  switch (outcome.kind) {
    case 'limited': {
      const left = outcome.until - now
      return new AppError(
        'too_many_messages',
        429,
        `No more codes are sent for now. ${ways.limited}, or try again in ${wait(left)}.`,
        { retryAfter: Math.max(1, Math.ceil(left / 1000)) },
      )
    }
    case 'refused':
      return new AppError('sms_not_sent', 409, `${PROBLEMS[outcome.problem]} Or use another second factor.`)
    case 'off':
      return new AppError(
        'sms_not_sent',
        409,
        'This server sends no codes by SMS now. Use another second factor.',
      )
    default:
      return new AppError('sms_not_sent', 409, `The code could not be sent. ${ways.failed}`)
  }
}
