import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { wait } from '../phone/not-sent.ts'
import type { EmailCodeNotSent } from './email-codes.ts'

/** What a person is told of a code that was not mailed, with what they can do. @param now milliseconds since the epoch */
export function emailCodeNotSent(outcome: EmailCodeNotSent, now: number): AppError {
  if (outcome.kind === 'off') return new AppError('no_email_code', 409, message('codes.noEmail'))
  const left = outcome.until - now
  return new AppError('too_many_mails', 429, message('codes.email.limited', wait(left)), {
    retryAfter: Math.max(1, Math.ceil(left / 1000)),
  })
}
