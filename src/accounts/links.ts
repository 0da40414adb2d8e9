/** The links in mails. Built from the configured issuer alone: no request has a say in where they lead. */
export function createLinks(issuer: string) {
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
    forgotPassword: () => link('/forgot-password'),
    /** @param flow the interaction to come back to */
    verifyEmail: (token: string, flow?: string) => link('/verify-email', { token, flow }),
    resetPassword: (token: string, flow?: string) => link('/reset-password', { token, flow }),
    setup: (token: string) => link('/setup', { token }),
  }
}

export type Links = ReturnType<typeof createLinks>

/** Seconds in words, rounded down to a whole unit: “24 hours”, “1 hour”, “15 minutes”. */
export function inWords(seconds: number): string {
  const units: [number, string][] = [
    [172_800, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ]
  for (const [from, unit] of units) {
    const size = unit === 'day' ? 86_400 : from
    const count = Math.floor(seconds / size)
    if (seconds >= from) return `${count} ${unit}${count === 1 ? '' : 's'}`
  }
  return `${seconds} second${seconds === 1 ? '' : 's'}`
}
