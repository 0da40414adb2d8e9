import { day, lasting, type WriteOf } from '../content.ts'

export const resetPassword: WriteOf<'reset-password'> = ({ username, link, validFor }, service) => ({
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

export const resetPasswordLeaving: WriteOf<'reset-password-leaving'> = (
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

export const passwordChanged: WriteOf<'password-changed'> = ({ username, resetLink }, service) => ({
  subject: ['mail.passwordChanged.subject', { service }],
  heading: ['mail.passwordChanged.heading'],
  paragraphs: [['mail.passwordChanged.what', { username, service }], ['mail.passwordChanged.notYou']],
  button: { label: 'mail.setPassword', link: resetLink },
  because: 'mail.because.security',
})

export const locked: WriteOf<'locked'> = ({ username, lockedFor, link, validFor }, service) => ({
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

export const lockedForGood: WriteOf<'locked-for-good'> = ({ username, link, validFor }, service) => ({
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
