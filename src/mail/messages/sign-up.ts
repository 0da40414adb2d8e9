import type { TextKey } from '../../shared/locales/texts.ts'
import { THE_ADMINISTRATOR } from '../../shared/the-administrator.ts'
import { lasting, minute, type WriteOf } from '../content.ts'
import type { MailData } from '../data.ts'

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

const PROVIDER_ACTS = {
  saved: 'mail.organizationProvider.saved',
  enabled: 'mail.organizationProvider.enabled',
  disabled: 'mail.organizationProvider.disabled',
  removed: 'mail.organizationProvider.removed',
} as const satisfies Record<MailData['organization-provider']['act'], TextKey>

export const organizationProvider: WriteOf<'organization-provider'> = (
  { organization, by, act, at, link },
  service,
) => ({
  subject: ['mail.organizationProvider.subject', { organization, service }],
  heading: ['mail.organizationProvider.heading'],
  paragraphs: [[PROVIDER_ACTS[act], { by, organization }]],
  facts: [['mail.fact.time', minute(at)]],
  advice: [['mail.organizationProvider.advice', { service }]],
  button: { label: 'mail.organizationProvider.button', link },
  because: 'mail.because.security',
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
