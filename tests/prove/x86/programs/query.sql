-- SPDX-License-Identifier: Apache-2.0
create table numbers(n integer primary key, square real, name text);
with recursive counter(n) as (select 1 union all select n + 1 from counter where n < 3000)
  insert into numbers select n, n * n * 1.0, 'number ' || n from counter;
create index by_name on numbers(name);
select count(*), sum(n), avg(square), max(name) from numbers;
select n % 10, count(*), total(square) / 3 from numbers group by 1 order by 3 desc;
select a.n, b.n from numbers a join numbers b on a.n * a.n = b.n where a.n < 20;
select name from numbers where name like '%99%' order by length(name), name limit 5;
select printf('%.3f', sum(1.0 / (n * n))) from numbers;
