import { isText, t } from '../../shared/locales/texts.ts'

/** What a field is called by its name, where no label says it: what pages for everybody call it; else `jwks_uri` → “Jwks URI”. */
export const fieldInWords = (field: string): string => {
  for (const key of [`field.named.${field}`, `profile.field.${field}`]) if (isText(key)) return t(key)
  const text = field
    .replaceAll(/[._]/g, ' ')
    .replaceAll(/\b(id|uri|url)(s?)\b/g, (_word, short: string, many: string) => short.toUpperCase() + many)
  return text.charAt(0).toUpperCase() + text.slice(1)
}
