import type { TextKey } from '../../shared/locales/texts.ts'
import { chosen, minute, type WriteOf } from '../content.ts'
import type { StoppedBy } from '../data.ts'

export const recoveryCodesRenewed: WriteOf<'recovery-codes-renewed'> = (
  { username, accountLink },
  service,
) => ({
  subject: ['mail.recoveryCodesRenewed.subject', { service }],
  heading: ['mail.recoveryCodesRenewed.heading'],
  paragraphs: [
    ['mail.recoveryCodesRenewed.what', { username, service }],
    ['mail.notYou.setPasswordAndCodes'],
  ],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const recoveryCodeUsed: WriteOf<'recovery-code-used'> = (
  { username, left, accountLink },
  service,
) => ({
  subject: ['mail.recoveryCodeUsed.subject', { service }],
  heading: ['mail.recoveryCodeUsed.heading'],
  paragraphs: [['mail.recoveryCodeUsed.what', { username, service }]],
  facts: [['mail.fact.codesLeft', String(left)]],
  advice: [['mail.notYou.setPasswordAndCodes']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const recoveryStarted: WriteOf<'recovery-started'> = (
  { username, startedAt, device, address, readyAt, stopLink },
  service,
) => ({
  subject: ['mail.recoveryStarted.subject', { service }],
  heading: ['mail.recoveryStarted.heading'],
  paragraphs: [
    ['mail.recoveryStarted.what', { username, service, time: minute(readyAt) }],
    ['mail.recoveryStarted.how'],
  ],
  facts: [
    ['mail.fact.device', device],
    // Mails of an earlier version lack what these rows say.
    ['mail.fact.time', startedAt === undefined ? undefined : minute(startedAt)],
    ['mail.fact.address', address],
  ],
  advice: [['mail.recoveryStarted.you'], ['mail.recoveryStarted.notYou'], ['mail.recoveryStarted.password']],
  button: { label: 'recoveryFinish.stop', link: stopLink },
  because: 'mail.because.security',
})

export const recoveryStartedForYou: WriteOf<'recovery-started-for-you'> = (
  { username, startedAt, readyAt, stopLink },
  service,
) => ({
  subject: ['mail.recoveryStartedForYou.subject', { service }],
  heading: ['mail.recoveryStartedForYou.heading'],
  paragraphs: [
    [
      'mail.recoveryStartedForYou.what',
      { username, service, started: minute(startedAt), time: minute(readyAt) },
    ],
    ['mail.recoveryStartedForYou.you'],
    ['mail.recoveryStartedForYou.notYou'],
    ['mail.recoveryStartedForYou.password'],
  ],
  button: { label: 'recoveryFinish.stop', link: stopLink },
  because: 'mail.because.security',
})

export const recoveryReady: WriteOf<'recovery-ready'> = (
  { username, link, validUntil, stopLink },
  service,
) => ({
  subject: ['mail.recoveryReady.subject', { service }],
  heading: ['mail.recoveryReady.heading'],
  paragraphs: [
    ['mail.recoveryReady.what', { username, service, time: minute(validUntil) }],
    ['mail.recoveryReady.nobody'],
    ['mail.recoveryReady.notYou'],
  ],
  button: { label: 'recoveryFinish.submit', link },
  also: { label: 'recoveryFinish.stop', link: stopLink },
  because: 'mail.because.security',
})

const STOPS: Readonly<Record<StoppedBy, TextKey>> = {
  link: 'mail.recoveryStopped.link',
  account: 'mail.recoveryStopped.account',
  second_factor: 'mail.recoveryStopped.secondFactor',
  new_password: 'mail.recoveryStopped.newPassword',
  administrator: 'mail.recoveryStopped.administrator',
}

export const recoveryStopped: WriteOf<'recovery-stopped'> = ({ username, why, resetLink }, service) => ({
  subject: ['mail.recoveryStopped.subject', { service }],
  heading: ['mail.recoveryStopped.heading'],
  paragraphs: [
    // An earlier version put words into the queue.
    [chosen(STOPS, why) ?? 'mail.recoveryStopped.unsaid', { username, service }],
    ['mail.recoveryStopped.notYou'],
  ],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})

export const recoveryFinished: WriteOf<'recovery-finished'> = ({ username, accountLink }, service) => ({
  subject: ['mail.recoveryFinished.subject', { service }],
  heading: ['mail.recoveryFinished.heading'],
  paragraphs: [
    ['mail.recoveryFinished.what', { username, service }],
    ['mail.recoveryFinished.again'],
    ['mail.recoveryFinished.notYou'],
  ],
  button: { label: 'mail.security', link: accountLink },
  because: 'mail.because.security',
})
