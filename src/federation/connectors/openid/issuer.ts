import { z } from 'zod'
import { isAcceptableUrl } from '../../upstream.ts'

const example = 'such as https://login.example.com'

const hasUserInfo = (value: string): boolean => {
  const url = URL.parse(value)
  return url !== null && (url.username !== '' || url.password !== '')
}

/** An issuer identifier (OpenID Connect Core §2). It is compared character by character, so it is not normalised. */
export const issuer = z
  .string({ error: `must be the provider's issuer, ${example}` })
  .max(500)
  .refine(isAcceptableUrl, { error: `must be an https URL, ${example}` })
  .refine((value) => !/[?#\s]/.test(value) && !hasUserInfo(value), {
    error: `must be without user name, query, fragment and spaces, ${example}`,
  })
  .refine((value) => !value.includes('/.well-known/'), {
    error: 'must be without /.well-known/… at its end',
  })

/** The field `issuer`, as far as all kinds of OpenID providers have it in common. */
export const issuerField = {
  input: 'url',
  example: 'https://login.example.com',
  option: '--issuer <url>',
  sentence: 'the issuer of an OpenID provider, exactly as its discovery document has it',
} as const
