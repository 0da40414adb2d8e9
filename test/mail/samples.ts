import type { Mail, MailData } from '../../src/mail/data.ts'

const issuer = 'https://id.example.com'
const AT = Date.UTC(2026, 10, 22, 14, 5)
const link = `${issuer}/reset-password?token=Yk3vSxwQ7nQm1r0p4t8zLh2cB9dF6gJ5aKeWuXoNiRs`
const username = 'ada'
const accountLink = `${issuer}/account/security`
const resetLink = `${issuer}/forgot-password`
const stopLink = `${issuer}/login/recover/stop?token=Yk3vSxwQ7nQm1r0p4t8zLh2cB9dF6gJ5aKeWuXoNiRs`

/** Every mail, as it is sent: a sample of each template. */
export const SAMPLES: MailData = {
  'verify-email': { username, link, code: '012345', validFor: 86_400 },
  'already-registered': { signInLink: `${issuer}/login` },
  'reset-password': { username, link, validFor: 3600 },
  'reset-password-leaving': { username, link, validFor: 3600, deletedOn: AT },
  invitation: { username, invitedBy: 'Grace Hopper', role: 'help-desk', link, validFor: 7 * 86_400 },
  'organization-invitation': {
    ...{ organization: 'Harbour Board', invitedBy: 'Grace Hopper', link, validFor: 7 * 86_400 },
  },
  'organization-provider': {
    ...{ organization: 'Harbour Board', by: 'Grace Hopper', act: 'saved' as const, at: AT },
    link: `${issuer}/account/organizations/1/provider`,
  },
  'password-changed': { username, resetLink },
  locked: { username, lockedFor: 900, link, validFor: 3600 },
  'locked-for-good': { username, link, validFor: 7 * 86_400 },
  'new-device': {
    ...{ username, device: 'Firefox on Linux', at: AT, address: '203.0.113.9 (Paris, France)' },
    ...{ how: 'password_and_second_factor', link },
  },
  impersonated: {
    ...{ username, administrator: 'grace', at: AT, until: AT + 1_800_000 },
    ...{ reason: '4711-0815-2026', link: `${issuer}/account/sessions` },
  },
  'email-changed': { username, newEmail: 'new.ada@example.org', accountLink },
  'username-changed': { formerUsername: 'ada.old', username, resetLink },
  'deletion-requested': { username, deletedOn: AT, signInLink: `${issuer}/login` },
  'sign-in-linked': { username, provider: 'GitHub', accountLink },
  'sign-in-unlinked': { username, provider: 'GitHub', accountLink },
  'factor-added': { username, factor: 'totp', accountLink },
  'factor-removed': { username, factor: 'passkey', accountLink },
  'passkey-refused': { username, passkey: 'My laptop', accountLink },
  'factor-locked': { username, resetLink },
  'recovery-codes-renewed': { username, accountLink },
  'phone-verified': { username, number: '…123', accountLink },
  'phone-removed': { username, number: '…123', accountLink },
  'app-password-added': { username, name: 'Backup script', accountLink },
  'app-password-removed': { username, name: 'Backup script', accountLink },
  'browser-remembered': { username, device: 'Safari on iOS', until: AT, accountLink },
  'sign-in-code': { username, code: '905117', validFor: 600, resetLink },
  'enrolment-code': { username, code: '905117', validFor: 600, resetLink },
  'recovery-code-used': { username, left: 7, accountLink },
  'recovery-started': {
    ...{ username, startedAt: AT, device: 'Chrome on Windows', address: '203.0.113.9' },
    ...{ readyAt: AT + 172_800_000, stopLink },
  },
  'recovery-started-for-you': { username, startedAt: AT, readyAt: AT + 172_800_000, stopLink },
  'recovery-ready': { username, link, validUntil: AT + 604_800_000, stopLink },
  'recovery-stopped': { username, why: 'second_factor', resetLink },
  'recovery-finished': { username, accountLink },
  'webhook-disabled': {
    ...{ username, url: 'https://crm.example.org/hooks/latchkey', since: AT },
    link: `${issuer}/admin/webhooks/7`,
  },
  test: { username, accountLink },
}

export const SAMPLE_MAILS = Object.entries(SAMPLES).map(
  ([template, data]) => ({ to: 'ada@example.org', template, data }) as Mail,
)
