import type { Finding } from '../../shared/finding.ts'
import { table } from '../text.ts'

/** What a report comes to. */
export const worst = (findings: readonly Finding[]): Finding['status'] =>
  (['fail', 'warn', 'ok'] as const).find((status) => findings.some((finding) => finding.status === status)) ??
  'ok'

/** For people: one line each, and the way out below what is not well. */
export function findingsText(findings: readonly Finding[]): string {
  const indent = ' '.repeat(6)
  const rows = table(findings.map(({ status, name, message }) => [status.padEnd(4), name, message])).split(
    '\n',
  )
  return rows
    .map((row, index) => {
      const remedy = findings[index]?.remedy
      return remedy === undefined ? row : `${row}\n${indent}→ ${remedy}`
    })
    .join('\n')
}
