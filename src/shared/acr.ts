/**
 * Authentication context classes (OpenID Connect Core §2, `acr`): how sure this server is of a person's identity, ordered
 * by strength. The methods of a sign-in (RFC 8176, `amr`) decide its class, here alone.
 */
export const ACR = {
  /** A password. */
  pwd: 'urn:latchkey:acr:pwd',
  /** Two factors. */
  mfa: 'urn:latchkey:acr:mfa',
  /** Two factors, one of them resists phishing: a passkey. */
  phr: 'urn:latchkey:acr:phr',
} as const

export type Acr = (typeof ACR)[keyof typeof ACR]

/** The weakest first. */
const ORDER: readonly string[] = [ACR.pwd, ACR.mfa, ACR.phr]

/** What can be reached here, as discovery says, the strongest first. */
export const ACR_VALUES = [ACR.phr, ACR.mfa, ACR.pwd] as const

export const isAcr = (value: string): value is Acr => ORDER.includes(value)

/** Whether a class is at least as strong as another one. Undefined is weaker than all. */
export const isAtLeast = (acr: string | undefined, wanted: string): boolean =>
  acr !== undefined && ORDER.indexOf(acr) >= ORDER.indexOf(wanted)

/**
 * Methods of a sign-in: of RFC 8176, and three of our own. “fed”: at an upstream provider. “recovery”: a recovery code.
 * “rba” (RFC 8176): a remembered browser, which stands in for a rule and raises no class: tokens say what was shown.
 */
const FACTOR_OF: Readonly<Record<string, string>> = {
  pwd: 'knowledge',
  fed: 'upstream',
  otp: 'possession',
  sms: 'possession',
  hwk: 'possession',
  swk: 'possession',
  recovery: 'possession',
}

/** A browser that was remembered when the second factor was last shown in it. It shows none. */
const REMEMBERED = 'rba'

/**
 * The methods of a sign-in, after another one was shown: each once, with “mfa” where they are of two factors (RFC 8176 §2).
 * A passkey that verified its user is two by itself, and brings “mfa”.
 */
export function addMethods(before: readonly string[], shown: readonly string[]): string[] {
  // What a remembered browser stood in for has been shown now.
  const kept = before.filter((method) => method !== 'mfa' && method !== REMEMBERED)
  const methods = [...new Set([...kept, ...shown.filter((method) => method !== 'mfa')])]
  const factors = new Set(methods.map((method) => FACTOR_OF[method]).filter(Boolean))
  const several = factors.size > 1 || shown.includes('mfa')
  return several ? [...methods, 'mfa'] : methods
}

/**
 * The class of a sign-in by its methods. Undefined: this server cannot vouch for one, as after a sign-in at an upstream
 * provider alone, whose checks it does not know.
 */
export function acrOf(amr: readonly string[] | undefined): Acr | undefined {
  if (amr === undefined) return undefined
  if (amr.includes('mfa')) return amr.includes('hwk') || amr.includes('swk') ? ACR.phr : ACR.mfa
  return amr.includes('pwd') ? ACR.pwd : undefined
}

/** Whether a second factor was really shown: no remembered browser stood in for it. */
export const hasShownFactor = (amr: readonly string[] | undefined): boolean =>
  amr?.includes('mfa') === true && !amr.includes(REMEMBERED)

/** What a sign-in has to have shown. */
export interface NeededFactor {
  acr: Acr
  /** A remembered browser does not stand in for it. */
  shown: boolean
}

/** Whether the methods of a sign-in are enough. */
export function reaches(amr: readonly string[] | undefined, needed: NeededFactor | undefined): boolean {
  if (needed === undefined || isAtLeast(acrOf(amr), needed.acr)) return true
  const standsIn = amr?.includes(REMEMBERED) === true && acrOf(amr) !== undefined
  return standsIn && !needed.shown && needed.acr === ACR.mfa
}

/** Whether the methods of a sign-in are enough for a rule, which a remembered browser stands in for. Undefined: no rule asks. */
export const satisfies = (amr: readonly string[] | undefined, required: Acr | undefined): boolean =>
  reaches(amr, required && { acr: required, shown: false })

/** What every sign-in to an account needs: a second factor where it has one. */
export const neededBy = (account: { secondFactors: readonly unknown[] }): NeededFactor | undefined =>
  account.secondFactors.length > 0 ? { acr: ACR.mfa, shown: false } : undefined

/** What is needed when several rules ask: the strongest class, and shown where one of them wants it so. */
export const strongest = (...needed: readonly (NeededFactor | undefined)[]): NeededFactor | undefined =>
  needed.reduce((most, next) => {
    if (most === undefined || next === undefined) return most ?? next
    return {
      acr: isAtLeast(most.acr, next.acr) ? most.acr : next.acr,
      shown: most.shown || next.shown,
    }
  }, undefined)
