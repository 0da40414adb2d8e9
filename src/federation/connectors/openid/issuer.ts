import { z } from 'zod'
import { saying } from '../../../shared/locales/texts.ts'
import { PROVIDER_LENGTHS } from '../../../shared/provider-limits.ts'
import { isAcceptableUrl } from '../../upstream.ts'

const hasUserInfo = (value: string): boolean => {
  const url = URL.parse(value)
  return url !== null && (url.username !== '' || url.password !== '')
}

/** An issuer identifier (OpenID Connect Core §2). It is compared character by character, so it is not normalised. */
export const issuer = z
  .string(saying('admin.providers.problem.issuer'))
  .max(
    PROVIDER_LENGTHS.issuer,
    saying('admin.providers.problem.issuer.long', { max: PROVIDER_LENGTHS.issuer }),
  )
  .refine(isAcceptableUrl, saying('admin.providers.problem.issuer.https'))
  .refine(
    (value) => !/[?#\s]/.test(value) && !hasUserInfo(value),
    saying('admin.providers.problem.issuer.plain'),
  )
  .refine((value) => !value.includes('/.well-known/'), saying('admin.providers.problem.issuer.well_known'))

/** The field `issuer`, as far as all kinds of OpenID providers have it in common. */
export const issuerField = {
  input: 'url',
  example: 'https://login.example.com',
  option: '--issuer <url>',
  sentence: 'the issuer of an OpenID provider, exactly as its discovery document has it',
} as const
