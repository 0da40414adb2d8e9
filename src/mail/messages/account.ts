import type { TextKey } from '../../shared/locales/texts.ts'
import { t } from '../../shared/locales/texts.ts'
import { chosen, day, minute, type WriteOf } from '../content.ts'
import type { MailData, SignInMethod } from '../data.ts'

const METHODS: Readonly<Record<SignInMethod, TextKey>> = {
  provider: 'mail.method.provider',
  passkey: 'mail.method.passkey',
  code: 'mail.method.code',
  password: 'mail.method.password',
  password_and_passkey: 'mail.method.passwordAndPasskey',
  password_and_second_factor: 'mail.method.passwordAndSecondFactor',
}

/** An earlier version put words into the queue. */
function methodOf({ how, provider }: MailData['new-device']): string {
  if (how === 'provider' && provider !== undefined) return provider
  const key = chosen(METHODS, how)
  return key === undefined ? how : t(key)
}

export const newDevice: WriteOf<'new-device'> = (data, service) => ({
  subject: ['mail.newDevice.subject', { service }],
  heading: ['mail.newDevice.heading'],
  paragraphs: [['mail.newDevice.what', { username: data.username, service }]],
  facts: [
    ['mail.fact.device', data.device ?? t('mail.fact.device.unknown')],
    ['mail.fact.time', minute(data.at)],
    ['mail.fact.address', data.address],
    ['mail.fact.method', methodOf(data)],
  ],
  advice: [['mail.newDevice.notYou']],
  button: { label: 'mail.newDevice.button', link: data.link },
  because: 'mail.because.security',
})

export const impersonated: WriteOf<'impersonated'> = (data, service) => ({
  subject: ['mail.impersonated.subject', { service }],
  heading: ['mail.impersonated.heading'],
  paragraphs: [['mail.impersonated.what', { username: data.username, service }]],
  facts: [
    ['mail.fact.administrator', data.administrator],
    ['mail.fact.reason', data.reason],
    ['mail.fact.time', minute(data.at)],
    ['mail.fact.until', minute(data.until)],
  ],
  advice: [['mail.impersonated.limits']],
  button: { label: 'mail.impersonated.button', link: data.link },
  because: 'mail.because.security',
})

export const emailChanged: WriteOf<'email-changed'> = ({ username, newEmail, accountLink }, service) => ({
  subject: ['mail.emailChanged.subject', { service }],
  heading: ['mail.emailChanged.heading'],
  paragraphs: [
    ['mail.emailChanged.what', { username, service, email: newEmail }],
    ['mail.emailChanged.notYou'],
    ['mail.emailChanged.lost', { service }],
  ],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const usernameChanged: WriteOf<'username-changed'> = (
  { username, formerUsername, resetLink },
  service,
) => ({
  subject: ['mail.usernameChanged.subject', { service }],
  heading: ['mail.usernameChanged.heading'],
  paragraphs: [
    ['mail.usernameChanged.what', { username, formerUsername, service }],
    ['mail.notYou.setPassword'],
  ],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})

export const deletionRequested: WriteOf<'deletion-requested'> = (
  { username, deletedOn, signInLink },
  service,
) => ({
  subject: ['mail.deletionRequested.subject', { service }],
  heading: ['mail.deletionRequested.heading'],
  paragraphs: [
    ['mail.deletionRequested.what', { username, service, day: day(deletedOn) }],
    ['mail.deletionRequested.keep'],
  ],
  button: { label: 'common.signIn', link: signInLink },
  because: 'mail.because.security',
})

export const signInLinked: WriteOf<'sign-in-linked'> = ({ username, provider, accountLink }, service) => ({
  subject: ['mail.signInLinked.subject', { service }],
  heading: ['mail.signInLinked.heading'],
  paragraphs: [
    ['mail.signInLinked.what', { username, provider, service }],
    ['mail.notYou.removeAndSetPassword'],
  ],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const signInUnlinked: WriteOf<'sign-in-unlinked'> = (
  { username, provider, accountLink },
  service,
) => ({
  subject: ['mail.signInUnlinked.subject', { service }],
  heading: ['mail.signInUnlinked.heading'],
  paragraphs: [['mail.signInUnlinked.what', { username, provider, service }], ['mail.signInUnlinked.notYou']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const phoneVerified: WriteOf<'phone-verified'> = ({ username, number, accountLink }, service) => ({
  subject: ['mail.phoneVerified.subject', { service }],
  heading: ['mail.phoneVerified.heading'],
  paragraphs: [['mail.phoneVerified.what', { username, number, service }], ['mail.phoneVerified.notYou']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})

export const phoneRemoved: WriteOf<'phone-removed'> = ({ username, number, accountLink }, service) => ({
  subject: ['mail.phoneRemoved.subject', { service }],
  heading: ['mail.phoneRemoved.heading'],
  paragraphs: [['mail.phoneRemoved.what', { username, number, service }], ['mail.phoneRemoved.notYou']],
  button: { label: 'common.yourAccount', link: accountLink },
  because: 'mail.because.security',
})
