/** The links in mails. Their `flow` is the interaction to come back to. */
export interface Links {
  signIn(): string
  account(): string
  forgotPassword(): string
  verifyEmail(token: string, interaction?: string): string
  resetPassword(token: string, interaction?: string): string
  invitation(token: string): string
  setup(token: string): string
  /** “Not you?” */
  notMe(token: string): string
}

/** Built from the configured issuer alone: no request has a say in where they lead. */
export function createLinks(issuer: string): Links {
  const base = issuer.replace(/\/+$/, '')
  const link = (path: string, parameters: Record<string, string | undefined> = {}): string => {
    const given = Object.entries(parameters).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    const query = new URLSearchParams(given).toString()
    return `${base}${path}${query && `?${query}`}`
  }
  return {
    signIn: () => link('/login'),
    account: () => link('/account/security'),
    forgotPassword: () => link('/forgot-password'),
    verifyEmail: (token, interaction) => link('/verify-email', { token, flow: interaction }),
    resetPassword: (token, interaction) => link('/reset-password', { token, flow: interaction }),
    invitation: (token) => link('/invitation', { token }),
    setup: (token) => link('/setup', { token }),
    notMe: (token) => link('/login/not-me', { token }),
  }
}
