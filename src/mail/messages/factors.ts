import type { TextKey } from '../../shared/locales/texts.ts'
import { t } from '../../shared/locales/texts.ts'
import type { SecondFactor } from '../../shared/second-factor.ts'
import { chosen, day, lasting, type WriteOf } from '../content.ts'

const FACTORS: Readonly<Record<SecondFactor, TextKey>> = {
  passkey: 'mail.factor.passkey',
  totp: 'mail.factor.totp',
  phone: 'mail.factor.phone',
}

/** An earlier version put words into the queue. */
function factorOf(factor: string): string {
  const key = chosen(FACTORS, factor)
  return key === undefined ? factor : t(key)
}

export const factorAdded: WriteOf<'factor-added'> = ({ username, factor, accountLink }, service) => ({
  subject: ['mail.factorAdded.subject', { service }],
  heading: ['mail.factorAdded.heading'],
  paragraphs: [['mail.factorAdded.what', { username, service }]],
  facts: [['mail.fact.added', factorOf(factor)]],
  advice: [['mail.notYou.removeAndSetPassword']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const factorRemoved: WriteOf<'factor-removed'> = ({ username, factor, accountLink }, service) => ({
  subject: ['mail.factorRemoved.subject', { service }],
  heading: ['mail.factorRemoved.heading'],
  paragraphs: [['mail.factorRemoved.what', { username, service }]],
  facts: [['mail.fact.removed', factorOf(factor)]],
  advice: [['mail.factorRemoved.notYou']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const passkeyRefused: WriteOf<'passkey-refused'> = ({ username, passkey, accountLink }, service) => ({
  subject: ['mail.passkeyRefused.subject', { service }],
  heading: ['mail.passkeyRefused.heading'],
  paragraphs: [['mail.passkeyRefused.what', { username, passkey, service }], ['mail.passkeyRefused.then']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const factorLocked: WriteOf<'factor-locked'> = ({ username, resetLink }, service) => ({
  subject: ['mail.factorLocked.subject', { service }],
  heading: ['mail.factorLocked.heading'],
  paragraphs: [['mail.factorLocked.what', { username, service }], ['mail.factorLocked.notYou']],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})

export const appPasswordAdded: WriteOf<'app-password-added'> = (
  { username, name, accountLink },
  service,
) => ({
  subject: ['mail.appPasswordAdded.subject', { service }],
  heading: ['mail.appPasswordAdded.heading'],
  paragraphs: [
    ['mail.appPasswordAdded.what', { username, name, service }],
    ['mail.notYou.removeAndSetPassword'],
  ],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const appPasswordRemoved: WriteOf<'app-password-removed'> = (
  { username, name, accountLink },
  service,
) => ({
  subject: ['mail.appPasswordRemoved.subject', { service }],
  heading: ['mail.appPasswordRemoved.heading'],
  paragraphs: [
    ['mail.appPasswordRemoved.what', { username, name, service }],
    ['mail.notYou.setPasswordOnPage'],
  ],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const browserRemembered: WriteOf<'browser-remembered'> = (
  { username, device, until, accountLink },
  service,
) => ({
  subject: ['mail.browserRemembered.subject', { service }],
  heading: ['mail.browserRemembered.heading'],
  paragraphs: [['mail.browserRemembered.what', { username, service, day: day(until) }]],
  facts: [['mail.fact.device', device ?? t('mail.fact.device.unknown')]],
  advice: [['mail.browserRemembered.notYou']],
  button: { label: 'mail.security', link: accountLink },
  because: 'mail.because.security',
})

export const signInCode: WriteOf<'sign-in-code'> = ({ username, code, validFor, resetLink }, service) => ({
  subject: ['mail.signInCode.subject', { service }],
  heading: ['mail.signInCode.heading'],
  code,
  paragraphs: [
    ['mail.signInCode.what', { username, service }],
    ['mail.code.once', { duration: lasting(validFor) }],
    ['mail.code.notYou'],
  ],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})

export const enrolmentCode: WriteOf<'enrolment-code'> = (
  { username, code, validFor, resetLink },
  service,
) => ({
  subject: ['mail.enrolmentCode.subject', { service }],
  heading: ['mail.enrolmentCode.heading'],
  code,
  paragraphs: [
    ['mail.enrolmentCode.what', { username, service }],
    ['mail.code.once', { duration: lasting(validFor) }],
    ['mail.code.notYou'],
  ],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})
