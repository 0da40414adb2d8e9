/** The links in mails. Their `flow` is the interaction to come back to. */
export interface Links {
  signIn(): string
  account(): string
  forgotPassword(): string
  verifyEmail(token: string, interaction?: string): string
  resetPassword(token: string, interaction?: string): string
  invitation(token: string): string
  setup(token: string): string
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
    account: () => link('/account'),
    forgotPassword: () => link('/forgot-password'),
    verifyEmail: (token, interaction) => link('/verify-email', { token, flow: interaction }),
    resetPassword: (token, interaction) => link('/reset-password', { token, flow: interaction }),
    invitation: (token) => link('/invitation', { token }),
    setup: (token) => link('/setup', { token }),
  }
}

/** Seconds in words, rounded down to a whole unit: “2 days”, “24 hours”, “90 minutes”, “45 seconds”. */
export function inWords(seconds: number): string {
  const hours = seconds >= 7200 || seconds === 3600
  const [size, unit] =
    seconds >= 172_800
      ? [86_400, 'day']
      : hours
        ? [3600, 'hour']
        : seconds >= 60
          ? [60, 'minute']
          : [1, 'second']
  const count = Math.floor(seconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
