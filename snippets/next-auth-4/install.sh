npm install next@16 react react-dom next-auth@4
