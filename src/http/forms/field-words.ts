/** What a field is called by its name, where nothing else is known: `jwks_uri` → “Jwks URI”. */
export const fieldInWords = (field: string): string => {
  const text = field
    .replaceAll(/[._]/g, ' ')
    .replaceAll(/\b(id|uri|url)(s?)\b/g, (_word, short: string, many: string) => short.toUpperCase() + many)
  return text.charAt(0).toUpperCase() + text.slice(1)
}
