/**
 * Files that a page, a decision or a comment names exist. Prints every one that does not and exits 1.
 *
 * A path begins with a folder of the repository. In comments of src/ and test/ a file may be named more shortly: `x.ts` is one of
 * the comment's own folder, `folder/x.ts` one of that or of a folder around it. What has a placeholder, a pattern or a variable in it is
 * none.
 *
 * Binary files are pictures of the docs, in docs/images: what a test or a build needs of that kind is made, or comes with a package.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|dist$|data$)/.test(entry.name))
  .map(({ name }) => name)
const path = new RegExp(`(?<![\\w./@:-])(?:${folders.join('|')})/[\\w./-]*[\\w/]`, 'g')

const shortName = /(?<![\w./@:-])(?:[\w-]+\/)*[\w-]+\.ts\b/g

/** About the folders of other people's programs. */
const ELSEWHERE = /^(CHANGELOG\.md$|docs\/connect\/|snippets\/)/

/** A test may be named without the end of its file; a decision by its number is for scripts/checks/decisions.ts. */
const exists = (name: string): boolean =>
  [name, `${name}.test.ts`].some((each) => existsSync(join(root, each))) ||
  /^docs\/decisions\/\d{4}$|^src\/storage\/generated\//.test(name)

/** Whether a comment of `file` may call a file by this short name. */
function leads(file: string, name: string): boolean {
  const folder = dirname(file)
  if (existsSync(join(root, folder, name))) return true
  return name.includes('/') && folder !== '.' && leads(folder, name)
}

const tracked = execFileSync(
  'git',
  ['ls-files', '-z', '--', '*.md', 'src/**/*.ts', 'test/**/*.ts', 'scripts/*'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
const breaches: string[] = []
for (const file of tracked.split('\0').filter((name) => name !== '' && !ELSEWHERE.test(name))) {
  const text = readFileSync(join(root, file), 'utf8')
  const read = file.endsWith('.md') ? text : [...text.matchAll(/\/\*[\s\S]*?\*\/|\/\/.*/g)].join('\n')
  for (const [name] of read.matchAll(path)) if (!exists(name)) breaches.push(`${file}: there is no ${name}`)
  if (/^(src|test)\/.*\.ts$/.test(file))
    for (const [name] of read.matchAll(shortName))
      if (!leads(file, name)) breaches.push(`${file}: there is no ${name} in its folder; write folder/x.ts`)
}
const ends = execFileSync('git', ['ls-files', '--eol', '-z'], { cwd: root, encoding: 'utf8' })
for (const [, file = ''] of ends.matchAll(/(?<=^|\0)i\/-text[^\t]*\t([^\0]*)/g))
  if (!file.startsWith('docs/images/')) breaches.push(`${file}: is no text; only pictures in docs/images are`)
for (const breach of new Set(breaches)) console.error(breach)
process.exit(breaches.length === 0 ? 0 : 1)
