import { THE_ADMINISTRATOR } from '../../shared/the-administrator.ts'
import { lasting, type WriteOf } from '../content.ts'

export const verifyEmail: WriteOf<'verify-email'> = ({ username, code, validFor, link }, service) => ({
  subject: ['mail.verifyEmail.subject', { service }],
  heading: ['mail.verifyEmail.heading'],
  code,
  paragraphs: [
    ['mail.verifyEmail.what', { username, service }],
    ['mail.verifyEmail.once', { duration: lasting(validFor) }],
    ['mail.verifyEmail.notYours', { username }],
  ],
  button: { label: 'mail.verifyEmail.button', link },
  because: 'mail.because.address',
})

export const alreadyRegistered: WriteOf<'already-registered'> = ({ signInLink }, service) => ({
  subject: ['mail.alreadyRegistered.subject', { service }],
  heading: ['mail.alreadyRegistered.heading'],
  paragraphs: [
    ['mail.alreadyRegistered.what', { service }],
    ['mail.alreadyRegistered.forgot'],
    ['mail.alreadyRegistered.notYou'],
  ],
  button: { label: 'common.signIn', link: signInLink },
  because: 'mail.because.signUp',
})

export const invitation: WriteOf<'invitation'> = (
  { username, invitedBy, role, link, validFor },
  service,
) => ({
  subject: ['mail.invitation.subject', { service }],
  heading: ['mail.invitation.subject', { service }],
  paragraphs: [
    invitedBy === THE_ADMINISTRATOR
      ? ['mail.invitation.byAdministrator', { username, service }]
      : ['mail.invitation.by', { invitedBy, username, service }],
    ...(role === undefined ? [] : [['invitation.role', { service, role }] as const]),
    ['mail.invitation.then'],
    ['mail.link.once', { duration: lasting(validFor) }],
  ],
  button: { label: 'mail.invitation.button', link },
  because: 'mail.because.invited',
})

export const organizationInvitation: WriteOf<'organization-invitation'> = (
  { organization, invitedBy, link, validFor },
  service,
) => ({
  subject: ['mail.organizationInvitation.subject', { service }],
  heading: ['mail.organizationInvitation.heading', { organization }],
  paragraphs: [
    invitedBy === THE_ADMINISTRATOR
      ? ['mail.organizationInvitation.byAdministrator', { organization, service }]
      : ['mail.organizationInvitation.by', { invitedBy, organization, service }],
    ['mail.organizationInvitation.then'],
    ['mail.link.once', { duration: lasting(validFor) }],
  ],
  button: { label: 'mail.invitation.button', link },
  because: 'mail.because.invited',
})
