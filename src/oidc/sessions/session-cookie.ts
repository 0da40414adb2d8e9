import type { CookieSigner } from './cookie-signer.ts'

/** The cookie of a sign-in session as the library reads and writes it, with its signature in a second one. */
export interface SessionCookie {
  /** The id of the session, of a request's header `Cookie`. Undefined: there is none, or none that is plainly signed by us. */
  read(header: string | undefined): string | undefined
  /** Two values of `Set-Cookie`. @param exp of the session, in seconds since the epoch */
  written(id: string, exp: number): [string, string]
}

const PLAIN = /^[\w-]+$/

/** @param name the full one */
export function createSessionCookie(signer: CookieSigner, name: string, secure: boolean): SessionCookie {
  // The first of a name counts.
  const [value, signature] = [name, `${name}\\.sig`].map(
    (each) => new RegExp(`(?:^|;) *${each}=([^;]*)`),
  ) as [RegExp, RegExp]
  const attributes = `; path=/; samesite=lax${secure ? '; secure' : ''}; httponly; expires=`
  return {
    read(header = '') {
      const id = value.exec(header)?.[1] ?? ''
      const signed = signature.exec(header)?.[1] ?? ''
      return PLAIN.test(id) && PLAIN.test(signed) && signer.verify(`${name}=${id}`, signed) ? id : undefined
    },
    written(id, exp) {
      const pair = `${name}=${id}`
      const rest = attributes + new Date(exp * 1000).toUTCString()
      return [pair + rest, `${name}.sig=${signer.sign(pair)}${rest}`]
    },
  }
}
