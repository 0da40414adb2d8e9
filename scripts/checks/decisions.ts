/**
 * Decisions are numbered once: no two files of docs/decisions have a number in common, the heading of each has its own, and
 * who refers to one by its number names the file that has it. Prints every breach and exits 1.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const files = readdirSync(join(root, 'docs/decisions')).filter((name) => name.endsWith('.md'))
const numberOf = (name: string): number => Number(/^\d{4}(?=-)/.exec(name)?.[0])
const breaches: string[] = []

for (const [number, names] of Map.groupBy(files, numberOf))
  if (names.length > 1) breaches.push(`decision ${number} is ${names.join(' and ')}`)
for (const name of files) {
  const heading = /^# 0*(\d+)\.? /.exec(readFileSync(join(root, 'docs/decisions', name), 'utf8'))
  if (Number(heading?.[1]) !== numberOf(name))
    breaches.push(`docs/decisions/${name}: its heading has another number`)
}

const tracked = execFileSync('git', ['ls-files', '-z', '--', '*.md', '*.ts', '*.mjs', '*.eta', '*.py'], {
  cwd: root,
  encoding: 'utf8',
})
for (const path of tracked.split('\0').filter(Boolean)) {
  const text = readFileSync(join(root, path), 'utf8')
  const tell = (what: string) => breaches.push(`${path}: ${what}`)
  for (const [, name = ''] of text.matchAll(/decisions\/(\d{4}-[\w-]+\.md)/g))
    if (!files.includes(name)) tell(`there is no decision ${name}`)
  for (const [, number, , name = ''] of text.matchAll(
    /\[decision (\d+)\]\(((?:\.\.\/|docs\/)?decisions\/)?([\w-]+\.md)\)/g,
  ))
    if (Number(number) !== numberOf(name)) tell(`decision ${number} is said of ${name}`)
  for (const [, number] of text.matchAll(/decisions\/(\d{4})(?![\w-])/g))
    if (!files.some((name) => numberOf(name) === Number(number))) tell(`there is no decision ${number}`)
}

for (const breach of breaches) console.error(breach)
process.exit(breaches.length === 0 ? 0 : 1)
