import type { Mail } from './data.ts'

/** What became of a test message. `reason`: what the mail server said. `no_address`: the account has proven none. */
export type TestMailOutcome =
  | { kind: 'sent'; to: string; file?: string | undefined }
  | { kind: 'refused'; to: string; reason: string }
  | { kind: 'no_address' }

/** Sends a message that says nothing but that mail arrives, at once and once, to an administrator who wants to know. */
export type SendTestMail = (account: {
  displayUsername: string
  email: string | null
}) => Promise<TestMailOutcome>

/** @param deps.deliver throws what the mail server said */
export const createTestMail =
  (deps: { deliver(mail: Mail): Promise<string | undefined>; issuer: string }): SendTestMail =>
  async ({ displayUsername: username, email: to }) => {
    if (to === null) return { kind: 'no_address' }
    const data = { username, accountLink: new URL('/account', deps.issuer).href }
    try {
      return { kind: 'sent', to, file: await deps.deliver({ to, template: 'test', data }) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { kind: 'refused', to, reason: reason.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 500) }
    }
  }
