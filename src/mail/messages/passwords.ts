import { day, lasting, type Write } from '../content.ts'
import type { MailData } from '../data.ts'

type Of<Template extends keyof MailData> = Write<MailData[Template]>

export const resetPassword: Of<'reset-password'> = ({ username, link, validFor }, service) => ({
  subject: ['mail.resetPassword.subject', { service }],
  heading: ['mail.resetPassword.heading'],
  paragraphs: [
    ['mail.resetPassword.what', { username, service }],
    ['mail.resetPassword.once', { duration: lasting(validFor) }],
    ['mail.resetPassword.notYou'],
  ],
  button: { label: 'mail.setPassword', link },
  because: 'mail.because.newPassword',
})

export const resetPasswordLeaving: Of<'reset-password-leaving'> = (
  { username, link, validFor, deletedOn },
  service,
) => ({
  subject: ['mail.resetPasswordLeaving.subject', { service }],
  heading: ['mail.resetPassword.heading'],
  paragraphs: [
    ['mail.resetPasswordLeaving.what', { username, service, day: day(deletedOn) }],
    ['mail.resetPasswordLeaving.keep'],
    ['mail.link.once', { duration: lasting(validFor) }],
    ['mail.resetPasswordLeaving.notYou'],
  ],
  button: { label: 'mail.setPassword', link },
  because: 'mail.because.newPassword',
})

export const passwordChanged: Of<'password-changed'> = ({ username, resetLink }, service) => ({
  subject: ['mail.passwordChanged.subject', { service }],
  heading: ['mail.passwordChanged.heading'],
  paragraphs: [['mail.passwordChanged.what', { username, service }], ['mail.passwordChanged.notYou']],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})

export const locked: Of<'locked'> = ({ username, lockedFor, link, validFor }, service) => ({
  subject: ['mail.locked.subject', { service }],
  heading: ['mail.locked.heading'],
  paragraphs: [
    ['mail.locked.what', { username, service, duration: lasting(lockedFor) }],
    ['mail.locked.sooner', { duration: lasting(validFor) }],
    ['mail.locked.notYou'],
  ],
  button: { label: 'mail.setPassword', link },
  because: 'mail.because.security',
})

export const lockedForGood: Of<'locked-for-good'> = ({ username, link, validFor }, service) => ({
  subject: ['mail.lockedForGood.subject', { service }],
  heading: ['mail.locked.heading'],
  paragraphs: [
    ['mail.lockedForGood.what', { username, service }],
    ['mail.lockedForGood.then', { duration: lasting(validFor) }],
    ['mail.lockedForGood.notYou'],
  ],
  button: { label: 'mail.setPassword', link },
  because: 'mail.because.security',
})
